import { describe, expect, it } from "vitest";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { ended, printed, Scene, until } from "./scene.ts";
import { steps, tracedPlugin } from "./traced-plugin.ts";

/** Ends when the server is gone. */
const untilServerIsGone = `while [ -e "$unixsocket" ]; do sleep 0.02; done`;

function trace(scene: Scene): string[] {
  return scene.read("trace")?.trim().split("\n") ?? [];
}

describe("a plugin", () => {
  it.each([
    ["when the command ends", "exit 0", 0],
    ["when the command fails", "exit 3", 3],
    ["when the command is killed", "kill -9 $$", 137],
  ])("lives through all its steps %s", async (_title, command, expected) => {
    await using scene = new Scene();
    const { status } = await scene.nbdkit([tracedPlugin(scene), "--run", command]);
    expect(status).toBe(expected);
    expect(trace(scene)).toEqual(steps);
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const)("cleans up after %s", async (signal) => {
    await using scene = new Scene();
    const child = scene.start(nbdkit, [
      tracedPlugin(scene),
      "--run",
      "ulimit -c 0; echo ready; sleep 1000; true",
    ]);
    await printed(child, "ready");
    child.kill(signal);
    await ended(child);
    expect(trace(scene)).toEqual(steps);
    await scene.empty();
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const)("ends in order after %s", async (signal) => {
    await using scene = new Scene();
    const child = scene.start(nbdkit, ["-f", "-U", "-", "-P", "pidfile", tracedPlugin(scene)]);
    await scene.number("pidfile");
    child.kill(signal);
    expect(await ended(child)).toBe(0);
    expect(trace(scene)).toEqual(steps);
    await scene.empty();
  });

  it.each(steps.slice(0, 4))(
    "that fails in %s makes us fail with its message, and the command is not run",
    async (step) => {
      await using scene = new Scene();
      const args = [tracedPlugin(scene), "--run", "echo started"];
      const { status, stdout, stderr } = await scene.nbdkit(args, { env: { FAIL_AT: step } });
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toBe(`nbdkit: error: failed at ${step}\n`);
      expect(trace(scene).slice(0, steps.indexOf(step) + 1)).toEqual(steps.slice(0, steps.indexOf(step) + 1));
      await scene.empty();
    },
  );

  it.each(["cleanup", "unload"])(
    "that fails in %s is reported, and the command's status stands",
    async (step) => {
      await using scene = new Scene();
      const args = [tracedPlugin(scene), "--run", "exit 4"];
      const { status, stderr } = await scene.nbdkit(args, { env: { FAIL_AT: step } });
      expect(status).toBe(4);
      expect(stderr).toContain(`failed at ${step}`);
      expect(trace(scene)).toEqual(steps);
      await scene.empty();
    },
  );

  it("is cleaned up when the socket cannot be opened", async () => {
    await using scene = new Scene();
    const { status } = await scene.nbdkit(["-f", "-U", "no/such/folder", tracedPlugin(scene)]);
    expect(status).toBe(1);
    expect(trace(scene)).toEqual(["load", "configComplete", "getReady", "cleanup", "unload"]);
  });

  it("is cleaned up when the pidfile cannot be written", async () => {
    await using scene = new Scene();
    const { status } = await scene.nbdkit(["-f", "-U", "-", "-P", "no/such/folder", tracedPlugin(scene)]);
    expect(status).toBe(1);
    expect(trace(scene)).toEqual(["load", "configComplete", "getReady", "cleanup", "unload"]);
    await scene.empty();
  });
});

describe("a server that ends before its command", () => {
  const shutdown = "setImmediate(() => host.shutdown())";
  const defect = 'setImmediate(() => { throw new Error("a defect") })';

  it.each([
    ["by the plugin's wish", "leaves the command's 0", shutdown, 0, 0],
    ["by the plugin's wish", "leaves the command's status", shutdown, 5, 5],
    ["by a defect", "turns the command's 0 into 1", defect, 0, 1],
    ["by a defect", "leaves the command's status", defect, 5, 5],
  ])("%s %s (%#)", async (_how, _what, script, commandStatus, expected) => {
    await using scene = new Scene();
    const args = [tracedPlugin(scene), "--run", `${untilServerIsGone}; exit ${commandStatus}`];
    const { status, stderr } = await scene.nbdkit(args, { env: { AFTER_FORK: script } });
    expect(status).toBe(expected);
    expect(stderr).toBe(script === defect ? "nbdkit: error: internal error: a defect\n" : "");
    expect(trace(scene)).toEqual(steps);
    await scene.empty();
  });
});

describe("a server in the foreground", () => {
  it("ends with status 0 when its plugin asks for it", async () => {
    await using scene = new Scene();
    const env = { AFTER_FORK: "setImmediate(() => host.shutdown())" };
    const outcome = await scene.nbdkit(["-f", "-U", "-", tracedPlugin(scene)], { env });
    expect(outcome).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(trace(scene)).toEqual(steps);
    await scene.empty();
  });

  it("ends with status 1 and one line after a defect", async () => {
    await using scene = new Scene();
    const env = { AFTER_FORK: 'Promise.reject(new Error("a\\n  defect"))' };
    const outcome = await scene.nbdkit(["-f", "-U", "-", tracedPlugin(scene)], { env });
    expect(outcome).toEqual({ status: 1, stdout: "", stderr: "nbdkit: error: internal error: a defect\n" });
    expect(trace(scene)).toEqual(steps);
    await scene.empty();
  });

  it.each(["SIGTERM", "SIGINT", "SIGQUIT"] as const)("ends with status 0 after %s", async (signal) => {
    await using scene = new Scene();
    const child = scene.start(nbdkit, ["-f", "-U", "-", "-P", "pid", tracedPlugin(scene)]);
    expect(await scene.number("pid")).toBe(child.pid);
    const outcome = outcomeOf(child);
    child.kill(signal);
    expect(await outcome).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(trace(scene)).toEqual(steps);
    await scene.empty();
  });

  it("survives a SIGPIPE and the end of whoever read its stderr", async () => {
    await using scene = new Scene();
    const child = scene.start("/bin/sh", ["-c", '"$nbdkit" -v -f -U - -P pid null 2>&1 | true']);
    const pid = await scene.number("pid");
    process.kill(pid, "SIGPIPE");
    process.kill(pid, "SIGTERM");
    expect(await ended(child)).toBe(0);
    await scene.empty();
  });

  it("leaves its pidfile behind, and does not mind that its private socket was removed", async () => {
    await using scene = new Scene();
    const command = `rm -r "$(dirname "$unixsocket")"; exit 2`;
    const { status, stderr } = await scene.nbdkit(["-P", "pid", "null", "--run", command]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: "" });
    await scene.number("pid");
    await until("the end", () => scene.processes.length === 0);
  });

  it("removes its private socket also when something else was put beside it", async () => {
    await using scene = new Scene();
    await scene.nbdkit(["null", "--run", `touch "$(dirname "$unixsocket")/other"`]);
    await scene.empty();
  });
});
