import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nbdkit, type Outcome, outcomeOf } from "../helpers/run.ts";
import { hasTool, toolPath } from "../helpers/tools.ts";
import { ended, insist, Scene } from "./scene.ts";
import { steps, tracedPlugin } from "./traced-plugin.ts";

const original = toolPath("nbdkit");

/** Starts a server and sends it a signal when it serves. */
async function signalled(program: string, signal: NodeJS.Signals): Promise<Outcome> {
  await using scene = new Scene();
  const child = scene.start(program, ["-f", "-U", "socket", "-P", "pid", "null"]);
  await scene.number("pid");
  const outcome = outcomeOf(child);
  child.kill(signal);
  return await outcome;
}

describe.skipIf(original === undefined)(
  "each signal has the effect that it has on nbdkit (skipped without it):",
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

    it("SIGPIPE: none", async () => {
      await using scene = new Scene();
      const child = scene.start(nbdkit, ["-f", "-U", "-", "-P", "pid", "null"]);
      const pid = await scene.number("pid");
      const [, ignored] = /^SigIgn:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
      // Signal 13 is bit 12.
      expect(Number.parseInt(ignored!.slice(-4), 16) & 0x1000).toBe(0x1000);
      child.kill("SIGPIPE");
      child.kill("SIGTERM");
      expect(await ended(child)).toBe(0);
    });
  },
);

/** A plugin with other functions than the traced one, which it is in everything else. */
function changed(scene: Scene, members: string): string {
  return scene.file(
    "changed.mjs",
    `import traced from ${JSON.stringify(tracedPlugin(scene))};
    import { writeFileSync } from "node:fs";
    const asked = () => writeFileSync("asked", "1\\n");
    export default { ...traced, ${members} };`,
  );
}

const hangs = "open: () => ({ size: 512n, read: () => { asked(); return new Promise(() => {}); } })";
const spins = "open: () => ({ size: 512n, read: () => { asked(); for (;;); } })";

describe.runIf(hasTool("nbdsh")).concurrent("a server that does not end at the first signal", () => {
  /** Serves a plugin whose read never ends, and waits for somebody to read. */
  async function startAsked(scene: Scene, plugin: string): Promise<ChildProcess> {
    const child = scene.start(nbdkit, ["-f", "-U", "socket", "-P", "pid", plugin]);
    await scene.number("pid");
    scene.start("nbdsh", ["-u", "nbd+unix:///?socket=socket", "-c", "h.pread(512, 0)"]);
    await scene.number("asked");
    return child;
  }

  it("cuts off clients that a plugin does not answer any more, and cleans up", async () => {
    await using scene = new Scene();
    const child = await startAsked(scene, changed(scene, hangs));
    const outcome = outcomeOf(child);
    child.kill("SIGTERM");
    expect(await outcome).toEqual({
      status: 0,
      stdout: "",
      stderr: "nbdkit: error: 1 connections did not end in time and were cut off\n",
    });
    expect(scene.read("trace")!.trim().split("\n")).toEqual(steps);
    await scene.empty();
  });

  it("cuts its clients off at a second one, and cleans up", async () => {
    await using scene = new Scene();
    const child = await startAsked(scene, changed(scene, hangs));
    expect(await insist(child, "SIGTERM")).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(scene.read("trace")!.trim().split("\n")).toEqual(steps);
    await scene.empty();
  });

  it("ends at a second one when the plugin's clean-up does not", async () => {
    await using scene = new Scene();
    const plugin = changed(scene, "cleanup: () => new Promise(() => setInterval(() => {}, 1000))");
    const child = scene.start(nbdkit, ["-f", "-U", "-", "-P", "pid", plugin]);
    await scene.number("pid");
    expect(await insist(child, "SIGTERM")).toEqual({ status: 143, stdout: "", stderr: "" });
    await scene.empty();
  });

  it("is ended by a second one when a plugin keeps it busy", async () => {
    await using scene = new Scene();
    const child = await startAsked(scene, changed(scene, spins));
    expect((await insist(child, "SIGINT")).status).toBe(130);
    await scene.empty();
  });

  it("is ended after a while by its parent's death, too", async () => {
    await using scene = new Scene();
    const script = '"$nbdkit" --exit-with-parent -U socket -P pid "$1" & read line';
    const parent = scene.start("/bin/sh", ["-c", script, "sh", changed(scene, spins)], { stdio: "pipe" });
    await scene.number("pid");
    scene.start("nbdsh", ["-u", "nbd+unix:///?socket=socket", "-c", "h.pread(512, 0)"]);
    await scene.number("asked");
    parent.kill("SIGKILL");
    await scene.empty();
    const next = await scene.nbdkit(["-U", "socket", "null", "--run", "true"]);
    expect(next).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});
