import { chmodSync, mkdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Option, options } from "../../src/cli/option-table.ts";
import { keys, valueFor } from "../helpers/answers.ts";
import { nbdkit, type Outcome, outcomeOf, run } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { cases } from "./cases.ts";
import { describeWithOracle, oracle, oracleVersion, skipForOther } from "./oracle.ts";

interface Result extends Outcome {
  /** The files in the folder afterwards, one per line. */
  readonly files: string;
}

async function runIn(
  program: string,
  args: readonly string[],
  prefix: readonly string[] = [],
): Promise<Result> {
  await using sandbox = new Sandbox();
  sandbox.file("disk", "x".repeat(512));
  mkdirSync(sandbox.folder.join("folder"));
  mkdirSync(sandbox.folder.join("locked"), 0o700);
  // Give access to tests that run nbdkit as another user.
  chmodSync(sandbox.folder.path, 0o755);
  chmodSync(sandbox.temporary, 0o777);
  // nbdkit ignores TMPDIR for private sockets and does not always remove them: use a socket in the sandbox
  // instead.
  const known =
    program === nbdkit
      ? args
      : args.map((arg, at) => (arg === "-" && args[at - 1] === "-U" ? "tmp/socket" : arg));
  const [first, ...rest] = [...prefix, program, ...known];
  const outcome = await outcomeOf(sandbox.start(first!, rest, { timeout: 30_000 }));
  const { stdout: files } = await sandbox.sh("find . | sort");
  return { ...outcome, stdout: outcome.stdout.replaceAll(sandbox.folder.path, "FOLDER"), files };
}

/**
 * Removes two differences: nbdkit prints its usage on stdout after a mistake, and never removes its socket.
 */
function comparable({ status, stdout, files }: Result): Omit<Result, "stderr"> {
  return {
    status,
    stdout: stdout.startsWith("nbdkit [") ? "" : stdout,
    files: files.replace(/^\.(\/tmp)?\/socket\n/gm, ""),
  };
}

/** Returns the first line on stderr. */
function firstLine({ stderr }: Result): string {
  return stderr.split("\n", 1)[0]!;
}

describeWithOracle([], "nbdkit-node has the same exit status, output and files as nbdkit:", () => {
  for (const [title, list] of Object.entries(cases)) {
    describe(title, () => {
      it.for(list.map((one) => [JSON.stringify(one.args), one] as const))(
        "%s",
        async ([_title, { args, words = [], ...versions }], context) => {
          skipForOther(versions, context);
          const theirs = await runIn(oracle, args);
          const ours = await runIn(nbdkit, args);
          expect(comparable(ours), ours.stderr).toEqual(comparable(theirs));
          for (const word of words) {
            expect(firstLine(theirs)).toContain(word);
            expect(firstLine(ours)).toContain(word);
          }
          expect(ours.stderr === "", ours.stderr).toBe(theirs.stderr === "");
          expect(ours.stderr.split("\n").length, ours.stderr).toBeLessThanOrEqual(2);
        },
      );
    });
  }
});

function isInNbdkit({ id, ours }: Option): boolean {
  return ours !== true && id !== "busyPoll";
}

/** The arguments of all cases, without values. */
function casesOf(): readonly string[] {
  return Object.values(cases)
    .flat()
    .flatMap(({ args }) => args.map((arg) => arg.split("=")[0]!));
}

describeWithOracle([], "the table of cases", () => {
  /** Options that tests below cover; `verbose.test.ts` covers -v. */
  const elsewhere = [
    "--dump-config",
    "--dump-plugin",
    "--help",
    "--long-options",
    "--short-options",
    "--verbose",
    "--version",
    "-V",
    "-v",
  ];

  it("covers all options of nbdkit-node", () => {
    const words = casesOf();
    const names = options.filter(isInNbdkit).flatMap(({ long }) => long.map((name) => `--${name}`));
    expect(names.filter((name) => !words.includes(name) && !elsewhere.includes(name))).toEqual([]);
  });

  it.each(["--long-options", "--short-options"])("covers all options of nbdkit's %s", async (list) => {
    const words = casesOf();
    const { stdout } = await run(oracle, [list]);
    const names = stdout.trim().split("\n");
    expect(names.filter((name) => !words.includes(name) && !elsewhere.includes(name))).toEqual([]);
  });
});

describeWithOracle([], "each option is refused like in nbdkit,", () => {
  const known = options.filter(isInNbdkit);
  const named = known.map(({ long, value }) => [`--${long[0]}`, value !== undefined] as const);

  it.for(named)("when %s has a value too many or too few", async ([name, takesValue], { skip }) => {
    const args = takesValue ? ["null", name] : ["null", `${name}=3`];
    const [theirs, ours] = [await run(oracle, args), await run(nbdkit, args)];
    if (theirs.stderr.includes("unrecognized option")) skip(`nbdkit ${oracleVersion} does not have ${name}`);
    const [line] = theirs.stderr.split("\n");
    expect(line).toMatch(/requires an argument|doesn't allow an argument/);
    expect([ours.status, ours.stderr.split("\n")[0]]).toEqual([
      theirs.status,
      expect.stringContaining(meaning(line!)),
    ]);
  });
});

/** Returns a message without the name of the program. */
function meaning(line: string): string {
  return line.replace(/^\S+: (error: )?/, "");
}

/** Deliberate differences from nbdkit, with the reason. */
const differences: readonly (readonly [
  why: string,
  args: readonly string[],
  theirs: object,
  ours: object,
])[] = [
  [
    "a port is at most 65535; larger numbers are refused, not cut to 16 bits",
    ["-p", "70000", "null", "--run", "true"],
    { status: 0 },
    { status: 1 },
  ],
  [
    "$port and $uri contain the port that the system has chosen",
    ["-p", "0", "null", "--run", 'echo "$port"'],
    { stdout: "0\n" },
    { stdout: expect.stringMatching(/^[1-9]\d+\n$/) },
  ],
  [
    "the exit status is 1 when the server fails, even if the command of --run succeeds",
    ["-U", "-", "-P", "no/pid", "null", "--run", "true"],
    // The status of nbdkit is 0 or 1, depending on a race between server and command.
    {},
    { status: 1 },
  ],
  [
    "the server removes its socket at exit",
    ["-U", "socket", "null", "--run", "true"],
    { files: expect.stringContaining("./socket\n") },
    { files: expect.not.stringContaining("./socket\n") },
  ],
  [
    "the usage is not printed after a mistake",
    ["--nothing"],
    { stdout: expect.stringMatching(/^nbdkit \[/) },
    { stdout: "" },
  ],
  [
    "parameters that are required in the manuals are required",
    ["-U", "-", "pattern", "--run", "true"],
    { status: 0 },
    { status: 1, stderr: expect.stringContaining("you must specify size=<SIZE>") },
  ],
];

describeWithOracle([], "a deliberate difference from nbdkit:", () => {
  it.each(differences)("%s", async (_why, args, theirs, ours) => {
    expect(await runIn(nbdkit, args)).toMatchObject(ours);
    const { stdout: version } = await run(oracle, ["--version"]);
    if (version.startsWith("nbdkit 1.32.")) expect(await runIn(oracle, args)).toMatchObject(theirs);
  });
});

describeWithOracle([], "like nbdkit,", () => {
  const command = ["-U", "-", "null", "--run"];

  it("the server sets its umask to 022, independent of the inherited umask", async () => {
    const prefix = ["/bin/sh", "-c", 'umask 077; exec "$@"', "sh"];
    const args = [...command, 'umask; stat -c %a "$unixsocket"'];
    const [theirs, ours] = [await runIn(oracle, args, prefix), await runIn(nbdkit, args, prefix)];
    expect(comparable(ours)).toEqual(comparable(theirs));
    expect(ours.stdout).toBe("0022\n755\n");
  });

  it("the command of --run inherits the limits and the blocked signals", async () => {
    const args = [...command, "ulimit -a; ulimit -Ha; grep -E 'Sig(Blk|Cgt)' /proc/self/status; nice"];
    const prefix = ["/bin/sh", "-c", 'ulimit -Hn 200; ulimit -Sn 100; ulimit -c 0; exec "$@"', "sh"];
    const [theirs, ours] = [await runIn(oracle, args, prefix), await runIn(nbdkit, args, prefix)];
    expect(comparable(ours)).toEqual(comparable(theirs));
  });
});

describeWithOracle([], "unlike nbdkit,", () => {
  it("nbdkit-node serves when standard input is closed", async () => {
    const prefix = ["/bin/sh", "-c", 'exec "$@" <&-', "sh"];
    const args = ["-U", "-", "null", "--run", "true"];
    expect((await runIn(oracle, args, prefix)).status).toBe(1);
    expect((await runIn(nbdkit, args, prefix)).status).toBe(0);
  });
});

describeWithOracle([], "the output contains everything that nbdkit prints:", () => {
  it("--dump-config, in the order of nbdkit", async () => {
    const [theirs, ours] = [await run(oracle, ["--dump-config"]), await run(nbdkit, ["--dump-config"])];
    const common = keys(ours).filter((key) => keys(theirs).includes(key));
    expect(common).toEqual(keys(theirs));
    for (const key of ["host_cpu", "host_os", "name", "exit_with_parent"]) {
      expect(valueFor(ours, key)).toBe(valueFor(theirs, key));
    }
    // The keys of nbdkit 1.48; Debian's version does not have all of them.
    expect(keys(ours)).toEqual([
      "binary",
      "bindir",
      "exit_with_parent",
      "filterdir",
      "host_cpu",
      "host_os",
      "libdir",
      "mandir",
      "max_api_version",
      "name",
      "plugindir",
      "root_tls_certificates_dir",
      "run_default_socket",
      "sbindir",
      "selinux",
      "soext",
      "sysconfdir",
      "timeout_option",
      "tls",
      "version",
      "version_extra",
      "version_major",
      "version_minor",
      "vsock_option",
      "zstd",
    ]);
  });

  it.each([
    [["--version"]],
    [["-V"]],
    [["--vers"]],
    [["null", "--version"]],
    [["-V", "null", "ignored=1"]],
    [["--filter=nofilter", "--filter=noextents", "memory", "-V"]],
    [["--exit-with-parent", "--version"]],
    [["--exit-with-parent", "--filter=nofilter", "null", "--version"]],
    [["-f", "--dump-plugin", "null", "-V"]],
  ])("%j", async (args) => {
    const [theirs, ours] = [await run(oracle, args), await run(nbdkit, args)];
    const names = ({ status, stderr, stdout }: Outcome) => ({
      status,
      stderr,
      names: stdout.replace(/ \d.*$/gm, ""),
    });
    expect(names(ours)).toEqual(names(theirs));
    for (const line of ours.stdout.trim().split("\n")) expect(line).toMatch(/^\w+ 1\.\d+\.\d+( \(.*\))?$/);
  });

  it.each(["--long-options", "--short-options"])("%s", async (option) => {
    const [theirs, ours] = [await run(oracle, [option]), await run(nbdkit, [option])];
    expect(ours.stdout.split("\n")).toEqual(expect.arrayContaining(theirs.stdout.split("\n")));
  });

  it.each([
    [["--help"]],
    [["null", "--help"]],
    [["--help", "--version"]],
    [["memory", "--filter=nofilter", "--help"]],
  ])("%j", async (args) => {
    const [theirs, ours] = [await run(oracle, args), await run(nbdkit, args)];
    expect({ status: ours.status, stderr: ours.stderr }).toEqual({
      status: theirs.status,
      stderr: theirs.stderr,
    });
    const parameters = ({ stdout }: Outcome) => [...stdout.matchAll(/^\[?(\w+)=/gm)].map(([, name]) => name);
    expect(parameters(ours)).toEqual(expect.arrayContaining(parameters(theirs)));
  });
});

describeWithOracle(["setpriv"], "nbdkit-node fails like nbdkit as an unprivileged user:", () => {
  const asOtherUser = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const limited: readonly (readonly [words: string, ...args: string[]])[] = [
    ["Permission denied", "-f", "-U", "socket", "null"],
    ["pid", "-f", "-U", "-", "-P", "pid", "null"],
    ["Permission denied", "-U", "-", "file", "locked/disk", "--run", "true"],
  ];
  for (const [words, ...args] of limited) {
    it(JSON.stringify(args), async ({ skip }) => {
      const possible = await run(asOtherUser[0]!, [...asOtherUser.slice(1), nbdkit, "--version"]);
      if (possible.status !== 0) skip(`cannot run as another user: ${possible.stderr}`);
      const [theirs, ours] = [await runIn(oracle, args, asOtherUser), await runIn(nbdkit, args, asOtherUser)];
      expect(comparable(ours), ours.stderr).toEqual(comparable(theirs));
      expect(firstLine(theirs)).toContain(words);
      expect(firstLine(ours)).toContain(words);
    });
  }
});
