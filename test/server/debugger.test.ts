import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isPrivileged } from "../helpers/privileges.ts";
import { nbdkit } from "../helpers/run.ts";
import { ended, Sandbox } from "../helpers/sandbox.ts";
import { listenersOf } from "../helpers/signal-sweep.ts";
import { hasLauncher, packageCopy } from "../native/package-copy.ts";

const bundle = fileURLToPath(new URL("../../dist/bundle/nbdkit.cjs", import.meta.url));

/**
 * A program that receives the signal while Node starts, and prints where its debugger listens when stdin
 * ends.
 */
const signalled = `
process.kill(process.pid, "SIGUSR1");
process.stdin.resume().once("end", () => console.log(require("node:inspector").url() ?? "nowhere"));
`;

/** The address where Node's debugger listens after SIGUSR1, in a program that does not catch the signal. */
async function debuggerOf(command: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const child = spawn(command, [], { stdio: "pipe", env: { ...process.env, ...env } });
  const answer = text(child.stdout);
  // Node prints that it has started the debugger, or that it cannot.
  child.stderr.once("data", () => child.stdin.end());
  return (await answer).trim();
}

describe.each([...(hasLauncher ? [{ launcher: true }] : []), { launcher: false }])(
  "Node's debugger with %j",
  (how) => {
    it.each(["nbdkit", "nbd"])(
      "cannot be started by a signal that comes while Node starts: %s",
      async (name) => {
        using copy = packageCopy({ ...how, script: signalled });
        expect(await debuggerOf(join(copy.path, "bin", name))).toBe("nowhere");
      },
    );
  },
);

/** The ways to start a server: by the command, or by Node alone as in the single executable. */
const starts: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  "the command": [nbdkit],
  "node alone": [process.execPath, bundle],
};

async function start(sandbox: Sandbox, how: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const [program, ...first] = starts[how]!;
  const child: ChildProcess = sandbox.start(
    program,
    [...first, "-f", "-U", "-", "-P", "pid", ...args, "null"],
    {
      env,
    },
  );
  return { child, pid: await sandbox.number("pid") };
}

describe.skipIf(process.platform !== "linux").each(Object.keys(starts))("a server started by %s", (how) => {
  it("closes a debugger that the user has not asked for", async () => {
    await using sandbox = new Sandbox();
    // The state after a SIGUSR1 that came before the first line of nbdkit.
    const preload = sandbox.file("open.cjs", `require("node:inspector").open(0);`);
    const { child, pid } = await start(sandbox, how, [], { NODE_OPTIONS: `--require=${preload}` });
    expect(listenersOf(pid)).toEqual([]);
    child.kill("SIGTERM");
    expect(await ended(child)).toBe(0);
  });

  it("leaves a debugger open that the user has asked for", async () => {
    await using sandbox = new Sandbox();
    const { pid } = await start(sandbox, how, [], { NODE_OPTIONS: "--inspect=0" });
    expect(listenersOf(pid)).toHaveLength(1);
  });

  it.runIf(isPrivileged)("has no debugger as another user (root)", async () => {
    await using sandbox = new Sandbox();
    await sandbox.sh('chmod 777 . "$TMPDIR"');
    const { pid } = await start(sandbox, how, ["-u", "nobody"], { NODE_OPTIONS: "--inspect=0" });
    expect(listenersOf(pid)).toEqual([]);
  });

  it.runIf(isPrivileged).each([{ SUDO_UID: "1000" }, { PKEXEC_UID: "1000" }, { DOAS_USER: "user" }])(
    "has no debugger as root when another user started it: %j (root)",
    async (names) => {
      await using sandbox = new Sandbox();
      const { pid } = await start(sandbox, how, [], { NODE_OPTIONS: "--inspect=0", ...names });
      expect(listenersOf(pid)).toEqual([]);
    },
  );

  it("prints nothing about the debugger", async () => {
    await using sandbox = new Sandbox();
    const [program, ...first] = starts[how]!;
    const child = sandbox.start(program, [...first, "-U", "-", "null", "--run", "true"]);
    const said = text(child.stderr!);
    expect(await ended(child)).toBe(0);
    expect(await said).toBe("");
  });
});
