import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { printed, Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";

const nasty = `${Array.from({ length: 127 }, (_, index) => String.fromCharCode(index + 1)).join("")}é€😀 ~/.. $(id) \${x} 'a' "b"`;

describe("the command of --run", () => {
  it("is refused when the arguments are not UTF-8, because its variables would differ from the arguments", async () => {
    await using sandbox = new Sandbox();
    const refused = await sandbox.sh(`"$nbdkit" -e "$(printf 'a\\377')" null --run 'echo started'`);
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^nbdkit: error: "a\uFFFD" is not UTF-8.*\n$/);
    const typed = await sandbox.sh(
      `"$nbdkit" -e "$(printf 'a\\357\\277\\275')" null --run 'echo "$exportname"'`,
    );
    expect(typed).toMatchObject({ status: 0, stdout: "a\uFFFD\n" });
  });

  it("gets the descriptors that nbdkit inherited, and none of the server", async () => {
    await using sandbox = new Sandbox();
    sandbox.file("given", "hello\n");
    // Test the numbers one by one: listing them opens one. The test runner may have inherited others with
    // higher numbers.
    const list = "n=0; while [ $n -lt 50 ]; do test -e /proc/$$/fd/$n && echo $n; n=$((n + 1)); done";
    const script = `"$nbdkit" memory 1M --run 'cat <&5; ${list}' 5<given`;
    const { stdout } = await sandbox.sh(script);
    expect(stdout).toBe("hello\n0\n1\n2\n5\n");
  });

  it("finds the private socket and its URI in variables that are not exported", async () => {
    await using sandbox = new Sandbox();
    const script = `test -S "$unixsocket" && test "$uri" = "$nbd" && env | grep -c -E '^(uri|nbd|port|unixsocket|exportname|tls)='; echo "$uri|$port|$tls|$exportname|$unixsocket"`;
    const { stdout, stderr } = await sandbox.nbdkit(["null", "--run", script]);
    const [exported, values] = stdout.split("\n");
    const [uri, port, tls, exportName, socket] = values!.split("|");
    expect({ exported, port, tls, exportName, stderr }).toEqual({
      exported: "0",
      port: "",
      tls: "",
      exportName: "",
      stderr: "",
    });
    expect(socket).toMatch(/^.*\/tmp\/nbdkit[^/]+\/socket$/);
    expect(uri).toBe(`nbd+unix://?socket=${socket}`);
  });

  it("finds the port and its URI in variables", async () => {
    await using sandbox = new Sandbox();
    const script = 'echo "$uri $port $unixsocket"';
    const { stdout } = await sandbox.nbdkit(["-p", "0", "-e", "disk", "null", "--run", script]);
    expect(stdout).toMatch(/^nbd:\/\/localhost:(\d+)\/disk \1 \n$/);
  });

  it.each([nasty, "~", "~root", "a:~root", "-n", "\\", "'", "\n", "\n\n", " ", "$uri", "%s%n", "*"])(
    "receives the export name %j unchanged",
    async (name) => {
      await using sandbox = new Sandbox();
      const script = `printf '%s\\n%s' "$exportname" "$uri"`;
      const { stdout } = await sandbox.nbdkit(["-e", name, "null", "--run", script]);
      expect(stdout.slice(0, name.length + 1)).toBe(`${name}\n`);
      const path = /\nnbd\+unix:\/\/\/([^?\n]*)\?socket=[^\n]*$/.exec(stdout)?.[1];
      expect(decodeURIComponent(path ?? "")).toBe(name);
    },
  );

  it("receives random export names unchanged", async () => {
    await using sandbox = new Sandbox();
    const name = fc.string({ unit: "binary", minLength: 1, maxLength: 40 }).filter(isArgument);
    const property = fc.asyncProperty(name, async (name) => {
      const { stdout } = await sandbox.nbdkit(["-e", name, "null", "--run", `printf %s "$exportname"`]);
      expect(stdout).toBe(name);
    });
    await fc.assert(property, { numRuns: 10 });
  });

  it.each([
    "with spaces",
    "it's",
    'a"b',
    "$HOME",
    "new\nline",
    "back\\slash",
    "~",
    "100%",
    "é😀",
    "`id`;&|<>(){}*?#",
  ])("finds its socket when TMPDIR is %j", async (name) => {
    await using sandbox = new Sandbox(name);
    const { stdout } = await sandbox.nbdkit([
      "null",
      "--run",
      `test -S "$unixsocket" && printf '%s\\n%s' "$unixsocket" "$uri"`,
    ]);
    expect(stdout.startsWith(`${sandbox.temporary}/nbdkit`)).toBe(true);
    const quoted = stdout.slice(stdout.lastIndexOf("?socket=") + 8);
    expect(stdout.startsWith(`${decodeURIComponent(quoted)}\n`)).toBe(true);
    await sandbox.empty();
  });

  it("can be a script of many lines, with a comment at its end", async () => {
    await using sandbox = new Sandbox();
    const { stdout } = await sandbox.nbdkit(["null", "--run", "\nf() {\n  echo two\n}\necho one\nf # done"]);
    expect(stdout).toBe("one\ntwo\n");
  });

  it("may be empty", async () => {
    await using sandbox = new Sandbox();
    expect(await sandbox.nbdkit(["null", "--run", ""])).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});

describe("the status of --run", () => {
  it.each([
    ["exit 0", 0],
    ["exit 7", 7],
    ["exit 255", 255],
    ["false", 1],
    ["no-such-command-anywhere", 127],
    ["./not-executable", 126],
    ["exec sh -c 'exit 3'", 3],
    ["sh -c 'kill -9 $$'", 137],
  ])("is that of the command %j", async (command, expected) => {
    await using sandbox = new Sandbox();
    sandbox.file("not-executable", "");
    const { status } = await sandbox.nbdkit(["null", "--run", command]);
    expect(status).toBe(expected);
    await sandbox.empty();
  });

  it.each([
    ["HUP", 1],
    ["KILL", 9],
    ["TERM", 15],
    ["USR1", 10],
  ])("is 128+N when SIG%s kills the command, and nbdkit prints a line about it", async (signal, number) => {
    await using sandbox = new Sandbox();
    const { status, stderr } = await sandbox.nbdkit(["null", "--run", `kill -${signal} $$`]);
    expect({ status, stderr }).toEqual({
      status: 128 + number,
      stderr: `nbdkit: external command was killed by signal ${number}\n`,
    });
  });
});

describe("stdin, stdout and stderr of --run", () => {
  it("are those of nbdkit: data passes through unchanged", async () => {
    await using sandbox = new Sandbox();
    const data = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
    const child = sandbox.start(
      nbdkit,
      ["-D", "no.flag=1", "null", "--run", "tee copy | cksum; echo told >&2"],
      {
        stdio: "pipe",
      },
    );
    child.stdin!.end(data);
    const { status, stdout, stderr } = await outcomeOf(child);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: "nbdkit: warning: debug flag -D no.flag was not used\ntold\n",
    });
    expect(readFileSync(sandbox.folder.join("copy")).equals(data)).toBe(true);
    expect(stdout).toBe((await sandbox.sh("cksum <copy")).stdout);
  });

  it("are closed when the command ends, although the server has had them too", async () => {
    await using sandbox = new Sandbox();
    const { stdout } = await sandbox.sh(
      `"$nbdkit" null --run 'echo inside; exec >&-; exit 3' | cat; echo after`,
    );
    expect(stdout).toBe("inside\nafter\n");
  });

  it("may be closed", async () => {
    await using sandbox = new Sandbox();
    const closed = await sandbox.sh(`"$nbdkit" null --run 'cat; echo kept; exit 4' <&-; echo $?`);
    expect(closed).toEqual({ status: 0, stdout: "kept\n4\n", stderr: "" });
    const silent = await sandbox.sh(
      `"$nbdkit" null --run 'test -S "$unixsocket" && exit 4' >&- 2>&-; echo $?`,
    );
    expect(silent).toEqual({ status: 0, stdout: "4\n", stderr: "" });
    await sandbox.empty();
  });

  it("stay blocking pipes for the programs that share them", async () => {
    await using sandbox = new Sandbox();
    const flags = "import fcntl; print([fcntl.fcntl(fd, fcntl.F_GETFL) & 0o4000 for fd in (0, 1, 2)])";
    const child = sandbox.start(
      "/bin/sh",
      ["-c", `"$nbdkit" null --run 'python3 -c "$FLAGS"'; python3 -c "$FLAGS"`],
      {
        stdio: "pipe",
        env: { FLAGS: flags },
      },
    );
    expect((await outcomeOf(child)).stdout).toBe("[0, 0, 0]\n[0, 0, 0]\n");
  });
});

describeWith(["script"], "a terminal", () => {
  it("belongs to the command of --run", async () => {
    await using sandbox = new Sandbox();
    const inner = `"$nbdkit" null --run 'test -t 0 && test -t 1 && test -t 2 && stty -a | grep -c " icanon"; exit 6'`;
    const { status, stdout } = await sandbox.sh(
      `script -qec '${inner.replaceAll("'", "'\\''")}' /dev/null </dev/null`,
    );
    expect({ status, stdout }).toEqual({ status: 6, stdout: "1\r\n" });
  });

  it("sends Ctrl-C to the command, which may continue", async () => {
    await using sandbox = new Sandbox();
    const command = `trap "echo caught" INT; echo ready; until read line; do :; done; echo "got $line"; exit 5`;
    // exec: script runs $SHELL, and dash as a parent would return 130 after a Ctrl-C that its child survived.
    const child = sandbox.start("script", ["-qec", `exec "$nbdkit" null --run '${command}'`, "/dev/null"], {
      stdio: "pipe",
    });
    const outcome = outcomeOf(child);
    await printed(child, "ready");
    child.stdin!.write("\x03");
    await printed(child, "caught");
    child.stdin!.write("word\n");
    expect((await outcome).stdout).toContain("got word");
    expect((await outcome).status).toBe(5);
  });
});

function isArgument(text: string): boolean {
  return !text.includes("\0") && Buffer.from(text).toString() === text;
}
