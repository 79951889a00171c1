import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nbdkit, type Outcome, outcomeOf } from "../helpers/run.ts";
import { hasTool, toolPath } from "../helpers/tools.ts";
import { ended, Scene } from "./scene.ts";
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

describe("a plugin that does not answer any more", () => {
  it.runIf(hasTool("nbdsh"))("does not keep the server from ending, nor from cleaning up", async () => {
    await using scene = new Scene();
    const plugin = tracedPlugin(scene);
    const hanging = scene.file(
      "hanging.mjs",
      `import traced from ${JSON.stringify(plugin)};
      import { writeFileSync } from "node:fs";
      export default { ...traced, open: () => ({
        size: 1024n,
        read: () => { writeFileSync("asked", "1\\n"); return new Promise(() => {}); },
      }) };`,
    );
    const child = scene.start(nbdkit, ["-f", "-U", "socket", "-P", "pid", hanging]);
    await scene.number("pid");
    scene.start("nbdsh", ["-u", "nbd+unix:///?socket=socket", "-c", "h.pread(512, 0)"]);
    await scene.number("asked");
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
});
