import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nbdkit, type Outcome, outcomeOf, shortStall } from "../helpers/run.ts";
import { ended, insist, Sandbox } from "../helpers/sandbox.ts";
import { hasTool, toolPath } from "../helpers/tools.ts";
import { steps, tracedPlugin } from "./traced-plugin.ts";

const original = toolPath("nbdkit");

/** Starts a server and sends it a signal when the server serves. */
async function signalled(program: string, signal: NodeJS.Signals): Promise<Outcome> {
  await using sandbox = new Sandbox();
  const child = sandbox.start(program, ["-f", "-U", "socket", "-P", "pid", "null"]);
  await sandbox.number("pid");
  const outcome = outcomeOf(child);
  child.kill(signal);
  return await outcome;
}

describe.skipIf(original === undefined)(
  "each signal has the same effect as on nbdkit (skipped without nbdkit):",
  () => {
    it.each([
      "SIGHUP",
      "SIGINT",
      "SIGQUIT",
      "SIGTERM",
      "SIGUSR1",
      "SIGUSR2",
      "SIGALRM",
      "SIGVTALRM",
      "SIGIO",
      "SIGPWR",
      "SIGSTKFLT",
    ] as const)("%s", async (signal) => {
      expect(await signalled(nbdkit, signal)).toEqual(await signalled(original!, signal));
    });

    it("SIGPIPE has no effect", async () => {
      await using sandbox = new Sandbox();
      const child = sandbox.start(nbdkit, ["-f", "-U", "-", "-P", "pid", "null"]);
      const pid = await sandbox.number("pid");
      const [, ignored] = /^SigIgn:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
      // Signal 13 is bit 12 of the mask.
      expect(Number.parseInt(ignored!.slice(-4), 16) & 0x1000).toBe(0x1000);
      child.kill("SIGPIPE");
      child.kill("SIGTERM");
      expect(await ended(child)).toBe(0);
    });
  },
);

/** The traced plugin with some functions replaced. */
function changed(sandbox: Sandbox, members: string): string {
  return sandbox.file(
    "changed.mjs",
    `import traced from ${JSON.stringify(tracedPlugin(sandbox))};
    import { writeFileSync } from "node:fs";
    const asked = () => writeFileSync("asked", "1\\n");
    export default { ...traced, ${members} };`,
  );
}

const hangs = "open: () => ({ size: 512n, read: () => { asked(); return new Promise(() => {}); } })";
const spins = "open: () => ({ size: 512n, read: () => { asked(); for (;;); } })";

describe.runIf(hasTool("nbdsh")).concurrent("a server that does not end at the first signal", () => {
  /** Serves a plugin whose read never ends, and waits for a client that reads. */
  async function startAsked(sandbox: Sandbox, plugin: string, env = {}): Promise<ChildProcess> {
    const child = sandbox.start(nbdkit, ["-f", "-U", "socket", "-P", "pid", plugin], { env });
    await sandbox.number("pid");
    sandbox.start("nbdsh", ["-u", "nbd+unix:///?socket=socket", "-c", "h.pread(512, 0)"]);
    await sandbox.number("asked");
    return child;
  }

  it("cuts off clients whose requests the plugin does not answer, and cleans up", async () => {
    await using sandbox = new Sandbox();
    const child = await startAsked(sandbox, changed(sandbox, hangs), shortStall);
    const outcome = outcomeOf(child);
    child.kill("SIGTERM");
    expect(await outcome).toEqual({
      status: 0,
      stdout: "",
      stderr: "nbdkit: error: 1 connections did not end in time and were cut off\n",
    });
    expect(sandbox.read("trace")!.trim().split("\n")).toEqual(steps);
    await sandbox.empty();
  });

  it("cuts off its clients at a second signal, and cleans up", async () => {
    await using sandbox = new Sandbox();
    const child = await startAsked(sandbox, changed(sandbox, hangs));
    expect(await insist(child, "SIGTERM")).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(sandbox.read("trace")!.trim().split("\n")).toEqual(steps);
    await sandbox.empty();
  });

  it("ends at a second signal when the plugin's clean-up does not end", async () => {
    await using sandbox = new Sandbox();
    const plugin = changed(sandbox, "cleanup: () => new Promise(() => setInterval(() => {}, 1000))");
    const child = sandbox.start(nbdkit, ["-f", "-U", "-", "-P", "pid", plugin]);
    await sandbox.number("pid");
    expect(await insist(child, "SIGTERM")).toEqual({ status: 143, stdout: "", stderr: "" });
    await sandbox.empty();
  });

  it("is killed by a second signal when a plugin keeps it busy", async () => {
    await using sandbox = new Sandbox();
    const child = await startAsked(sandbox, changed(sandbox, spins));
    expect((await insist(child, "SIGINT")).status).toBe(130);
    await sandbox.empty();
  });

  it("is also ended after a while when its parent dies", async () => {
    await using sandbox = new Sandbox();
    const script = '"$nbdkit" --exit-with-parent -U socket -P pid "$1" & read line';
    const parent = sandbox.start("/bin/sh", ["-c", script, "sh", changed(sandbox, spins)], {
      stdio: "pipe",
      env: shortStall,
    });
    await sandbox.number("pid");
    sandbox.start("nbdsh", ["-u", "nbd+unix:///?socket=socket", "-c", "h.pread(512, 0)"]);
    await sandbox.number("asked");
    parent.kill("SIGKILL");
    await sandbox.empty();
    const next = await sandbox.nbdkit(["-U", "socket", "null", "--run", "true"]);
    expect(next).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});
