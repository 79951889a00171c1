import { once } from "node:events";
import { symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { nbdkit, outcomeOf, shortStall } from "../helpers/run.ts";
import { ended, Sandbox } from "../helpers/sandbox.ts";
import { describeWith, hasTool } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";

const bundle = fileURLToPath(new URL("../../dist/bundle/nbdkit.cjs", import.meta.url));
const server = ["--exit-with-parent", "-U", "-", "-P", "server", "null"];

/**
 * The kinds of parents: each starts `"$nbdkit" ...`, writes its own process id into the file `parent` and
 * waits.
 */
const parents: Readonly<Record<string, (args: readonly string[]) => [program: string, ...args: string[]]>> = {
  sh: (args) => ["/bin/sh", "-c", `echo $$ >parent; "$nbdkit" "$@" & read line`, "sh", ...args],
  node: (args) => [
    process.execPath,
    "-e",
    `require("fs").writeFileSync("parent", process.pid + "\\n");
    require("child_process").spawn(process.env.nbdkit, process.argv.slice(1), { stdio: "inherit" });
    process.stdin.on("data", () => process.exit());`,
    "--",
    ...args,
  ],
  python3: (args) => [
    "python3",
    "-c",
    `import os, subprocess, sys
open("parent", "w").write(f"{os.getpid()}\\n")
subprocess.Popen([os.environ["nbdkit"]] + sys.argv[1:], stdin=subprocess.DEVNULL)
sys.stdin.readline()`,
    ...args,
  ],
};

/** The ways in which a parent ends: by a signal, or by itself. */
const ends = ["SIGKILL", "SIGTERM", "its own exit"] as const;

function startParent(sandbox: Sandbox, kind: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const [program, ...programArgs] = parents[kind]!(args);
  return sandbox.start(program, programArgs, { stdio: "pipe", env });
}

async function endParent(
  sandbox: Sandbox,
  parent: ReturnType<typeof startParent>,
  end: (typeof ends)[number],
) {
  if (end === "its own exit") parent.stdin!.write("end\n");
  else process.kill(await sandbox.number("parent"), end);
}

describe.skipIf(process.platform !== "linux")("--exit-with-parent", () => {
  for (const kind of Object.keys(parents)) {
    it.skipIf(kind === "python3" && !hasTool(kind)).each(ends)(
      `ends the server when its parent, ${kind}, ends by %s`,
      async (end) => {
        await using sandbox = new Sandbox();
        const parent = startParent(sandbox, kind, server);
        await sandbox.number("server");
        await endParent(sandbox, parent, end);
        await sandbox.empty();
      },
    );
  }

  it("ends the command of --run and its descendants too", async () => {
    await using sandbox = new Sandbox();
    const command = "echo $$ >command; sh -c 'sleep 1000; true'; true";
    startParent(sandbox, "sh", ["--exit-with-parent", "null", "--run", command]);
    const pid = await sandbox.number("command");
    // The processes: the parent, the server, two guardians, and three processes of the command.
    await until("the descendants", () => sandbox.processes.length === 7);
    process.kill(await sandbox.number("parent"), "SIGKILL");
    await sandbox.empty();
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });

  it("lets the command of --run handle the signal", async () => {
    await using sandbox = new Sandbox();
    const command = `trap 'test -S "$unixsocket" && echo yes >served; exit 0' TERM; echo 1 >ready; while :; do sleep 0.05; done`;
    startParent(sandbox, "sh", ["--exit-with-parent", "null", "--run", command]);
    await sandbox.number("ready");
    process.kill(await sandbox.number("parent"), "SIGKILL");
    await sandbox.empty();
    expect(sandbox.read("served")).toBe("yes\n");
  });

  it.each(["load", "configComplete"])("works while a plugin keeps the process busy in %s", async (step) => {
    await using sandbox = new Sandbox();
    const busy = `require("node:fs").writeFileSync("busy", "1\\n"); for (;;);`;
    const text = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);
      export default { name: "busy", open() {}, ${step}() { ${busy} } };`;
    startParent(sandbox, "sh", ["--exit-with-parent", sandbox.file("busy.mjs", text)], shortStall);
    await sandbox.number("busy");
    process.kill(await sandbox.number("parent"), "SIGKILL");
    await sandbox.empty();
  });

  it("stays in the foreground, as the process that the shell started", async () => {
    await using sandbox = new Sandbox();
    const script = `"$nbdkit" --exit-with-parent -U - -P server null & echo $!; while ! [ -s server ]; do sleep 0.02; done; cat server`;
    const { stdout } = await sandbox.sh(script);
    const [shown, written] = stdout.split("\n");
    expect(written).toBe(shown);
    await sandbox.empty();
  });

  it("reports in --dump-config whether it is supported", async () => {
    await using sandbox = new Sandbox();
    const { status, stdout } = await sandbox.nbdkit(["--exit-with-parent", "--version"]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^nbdkit 1\.\d+\.\d+ /) });
    expect((await sandbox.nbdkit(["--dump-config"])).stdout).toMatch(/^exit_with_parent=yes$/m);
  });

  it("is not armed by an argument that only looks like the option", async () => {
    await using sandbox = new Sandbox();
    const args = [
      "-f",
      "-U",
      "-",
      "-P",
      "server",
      "null",
      "--run",
      "--exit-with-parent; echo $$ >command; sleep 1000",
    ];
    startParent(sandbox, "sh", args);
    await sandbox.number("command");
    process.kill(await sandbox.number("parent"), "SIGKILL");
    const pid = await sandbox.number("server");
    expect(() => process.kill(pid, 0)).not.toThrow();
    process.kill(pid, "SIGTERM");
    await sandbox.empty();
  });
});

/**
 * A Python program whose thread starts the server and ends, at once or when the server serves. The program
 * then waits for its stdin.
 */
const threaded = `import os, subprocess, sys, threading, time
def start():
    subprocess.Popen([os.environ["nbdkit"]] + sys.argv[2:], stdin=subprocess.DEVNULL)
    while sys.argv[1] == "serving" and not os.path.exists("server"):
        time.sleep(0.01)
open("parent", "w").write(f"{os.getpid()}\\n")
thread = threading.Thread(target=start)
thread.start()
thread.join()
open("ended", "w").write("1\\n")
sys.stdin.readline()`;

describe.runIf(process.platform === "linux" && hasTool("python3"))(
  "--exit-with-parent under a thread that ends (skipped without python3)",
  () => {
    it.each(["starting", "serving"])("serves until the process ends: %s", async (when) => {
      await using sandbox = new Sandbox();
      sandbox.start("python3", ["-c", threaded, when, ...server], { stdio: "pipe" });
      await sandbox.number("ended");
      const pid = await sandbox.number("server");
      // Signals to one process are handled in order: a signal from the end of the thread would keep it from
      // answering.
      const client = await sandbox.sh('nbdinfo --size "nbd+unix://?socket=$(echo "$TMPDIR"/nbdkit*/socket)"');
      expect(client.status, client.stderr).toBe(0);
      expect(() => process.kill(pid, 0)).not.toThrow();
      process.kill(await sandbox.number("parent"), "SIGKILL");
      await sandbox.empty();
    });

    it("still ends by a SIGTERM from its parent", async () => {
      await using sandbox = new Sandbox();
      const parent = `import os, subprocess, sys, time
child = subprocess.Popen([os.environ["nbdkit"]] + sys.argv[1:], stdin=subprocess.DEVNULL)
while not os.path.exists("server"):
    time.sleep(0.01)
child.terminate()
print(child.wait())`;
      const { stdout } = await outcomeOf(sandbox.start("python3", ["-c", parent, ...server]));
      expect(stdout).toBe("0\n");
      await sandbox.empty();
    });
  },
);

describe.skipIf(process.platform !== "linux")("--exit-with-parent works", () => {
  it("through a link in node_modules/.bin", async () => {
    await using sandbox = new Sandbox();
    await sandbox.sh(
      `mkdir -p node_modules/.bin && ln -s "$(dirname "$(dirname "$nbdkit")")" node_modules/nbdkit-node && ln -s ../nbdkit-node/bin/nbdkit node_modules/.bin/nbdkit`,
    );
    startParent(sandbox, "sh", server, { nbdkit: sandbox.folder.join("node_modules/.bin/nbdkit") });
    await sandbox.number("server");
    process.kill(await sandbox.number("parent"), "SIGKILL");
    await sandbox.empty();
  });

  it("through links in other folders, also found in PATH", async () => {
    await using sandbox = new Sandbox();
    symlinkSync(nbdkit, sandbox.folder.join("first"));
    symlinkSync("first", sandbox.folder.join("second"));
    startParent(sandbox, "sh", server, {
      nbdkit: "second",
      PATH: `${sandbox.folder.path}:${process.env.PATH}`,
    });
    await sandbox.number("server");
    process.kill(await sandbox.number("parent"), "SIGKILL");
    await sandbox.empty();
  });

  it("without the launcher and the shell script, started by node", async () => {
    await using sandbox = new Sandbox();
    const script = `echo $$ >parent; "$node" "$bundle" "$@" & read line`;
    sandbox.start("/bin/sh", ["-c", script, "sh", ...server], {
      stdio: "pipe",
      env: { node: process.execPath, bundle },
    });
    await sandbox.number("server");
    process.kill(await sandbox.number("parent"), "SIGKILL");
    await sandbox.empty();
  });

  it("when the parent ended before nbdkit read its id, without the launcher", async () => {
    await using sandbox = new Sandbox();
    const gone = sandbox.start("/bin/sh", ["-c", "exit"]);
    await ended(gone);
    const env = { NBDKIT_LAUNCHED: `${gone.pid}:0:0:` };
    expect(await ended(sandbox.start(process.execPath, [bundle, ...server], { env }))).toBe(143);
    await sandbox.empty();
  });

  it("when the parent has ended and no launcher recorded its id", async () => {
    await using sandbox = new Sandbox();
    const orphaned = `exec 3<&0; sh -c 'read go <&3; exec "$0" "$@"' "$@" &`;
    const parent = sandbox.start("/bin/sh", ["-c", orphaned, "sh", process.execPath, bundle, ...server], {
      detached: true,
      stdio: "pipe",
    });
    await once(parent, "exit");
    parent.stdin!.end("go\n");
    await sandbox.empty();
    expect(sandbox.read("server")).toBeUndefined();
  });

  it("for a session leader, while its parent lives", async () => {
    await using sandbox = new Sandbox();
    const child = sandbox.start(process.execPath, [bundle, ...server], { detached: true });
    expect(await sandbox.number("server")).toBe(child.pid);
    child.kill("SIGTERM");
    await sandbox.empty();
  });
});

describeWith(["unshare"], "--exit-with-parent in a namespace of processes", () => {
  it("ends with the namespace's first process", async ({ skip }) => {
    await using sandbox = new Sandbox();
    const possible = await sandbox.sh("unshare --pid --fork true");
    if (possible.status !== 0) skip(`unshare is not permitted: ${possible.stderr}`);
    const script = `"$nbdkit" "$@" & while ! [ -s server ]; do sleep 0.02; done; exit 7`;
    const { status } = await outcomeOf(
      sandbox.start("unshare", ["--pid", "--fork", "/bin/sh", "-c", script, "sh", ...server]),
    );
    expect(status).toBe(7);
    await until("the end", () => sandbox.processes.length === 0);
  });

  it("serves as long as the namespace's first process lives", async ({ skip }) => {
    await using sandbox = new Sandbox();
    const possible = await sandbox.sh("unshare --pid --fork true");
    if (possible.status !== 0) skip(`unshare is not permitted: ${possible.stderr}`);
    const script = `"$nbdkit" --exit-with-parent null --run 'test -S "$unixsocket" && exit 5'`;
    const { status } = await outcomeOf(
      sandbox.start("unshare", ["--pid", "--fork", "/bin/sh", "-c", `${script}; exit $?`]),
    );
    expect(status).toBe(5);
    await sandbox.empty();
  });
});
