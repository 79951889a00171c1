import { describe, expect, it } from "vitest";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { ended, printed, Sandbox } from "../helpers/sandbox.ts";
import { until } from "../helpers/until.ts";
import { steps, tracedPlugin } from "./traced-plugin.ts";

/** A script that ends when the server has ended. */
const untilServerIsGone = `while [ -e "$unixsocket" ]; do sleep 0.02; done`;

function trace(sandbox: Sandbox): string[] {
  return sandbox.read("trace")?.trim().split("\n") ?? [];
}

describe("a plugin", () => {
  it.each([
    ["when the command ends", "exit 0", 0],
    ["when the command fails", "exit 3", 3],
    ["when the command is killed", "kill -9 $$", 137],
  ])("runs through all its steps %s", async (_title, command, expected) => {
    await using sandbox = new Sandbox();
    const { status } = await sandbox.nbdkit([tracedPlugin(sandbox), "--run", command]);
    expect(status).toBe(expected);
    expect(trace(sandbox)).toEqual(steps);
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const)("cleans up after %s", async (signal) => {
    await using sandbox = new Sandbox();
    const child = sandbox.start(nbdkit, [
      tracedPlugin(sandbox),
      "--run",
      "ulimit -c 0; echo ready; sleep 1000; true",
    ]);
    await printed(child, "ready");
    child.kill(signal);
    await ended(child);
    expect(trace(sandbox)).toEqual(steps);
    await sandbox.empty();
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const)("ends in order after %s", async (signal) => {
    await using sandbox = new Sandbox();
    const child = sandbox.start(nbdkit, ["-f", "-U", "-", "-P", "pidfile", tracedPlugin(sandbox)]);
    await sandbox.number("pidfile");
    child.kill(signal);
    expect(await ended(child)).toBe(0);
    expect(trace(sandbox)).toEqual(steps);
    await sandbox.empty();
  });

  it.each(steps.slice(0, 4))(
    "that fails in %s ends nbdkit with its message, and the command is not run",
    async (step) => {
      await using sandbox = new Sandbox();
      const args = [tracedPlugin(sandbox), "--run", "echo started"];
      const { status, stdout, stderr } = await sandbox.nbdkit(args, { env: { FAIL_AT: step } });
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toBe(`nbdkit: error: failed at ${step}\n`);
      expect(trace(sandbox).slice(0, steps.indexOf(step) + 1)).toEqual(
        steps.slice(0, steps.indexOf(step) + 1),
      );
      await sandbox.empty();
    },
  );

  it.each(["cleanup", "unload"])(
    "that fails in %s is reported, and the command's status stays",
    async (step) => {
      await using sandbox = new Sandbox();
      const args = [tracedPlugin(sandbox), "--run", "exit 4"];
      const { status, stderr } = await sandbox.nbdkit(args, { env: { FAIL_AT: step } });
      expect(status).toBe(4);
      expect(stderr).toContain(`failed at ${step}`);
      expect(trace(sandbox)).toEqual(steps);
      await sandbox.empty();
    },
  );

  it("is cleaned up when the socket cannot be opened", async () => {
    await using sandbox = new Sandbox();
    const { status } = await sandbox.nbdkit(["-f", "-U", "no/such/folder", tracedPlugin(sandbox)]);
    expect(status).toBe(1);
    expect(trace(sandbox)).toEqual(["load", "configComplete", "getReady", "cleanup", "unload"]);
  });

  it("is cleaned up when the pidfile cannot be written", async () => {
    await using sandbox = new Sandbox();
    const { status } = await sandbox.nbdkit(["-f", "-U", "-", "-P", "no/such/folder", tracedPlugin(sandbox)]);
    expect(status).toBe(1);
    expect(trace(sandbox)).toEqual(["load", "configComplete", "getReady", "cleanup", "unload"]);
    await sandbox.empty();
  });
});

describe("a server that ends before its command", () => {
  const shutdown = "setImmediate(() => host.shutdown())";
  const defect = 'setImmediate(() => { throw new Error("a defect") })';

  it.each([
    ["by shutdown() of the plugin", "leaves the command's 0", shutdown, 0, 0],
    ["by shutdown() of the plugin", "leaves the command's status", shutdown, 5, 5],
    ["by an internal error", "turns the command's 0 into 1", defect, 0, 1],
    ["by an internal error", "leaves the command's status", defect, 5, 5],
  ])("%s %s (%#)", async (_how, _what, script, commandStatus, expected) => {
    await using sandbox = new Sandbox();
    const args = [tracedPlugin(sandbox), "--run", `${untilServerIsGone}; exit ${commandStatus}`];
    const { status, stderr } = await sandbox.nbdkit(args, { env: { AFTER_FORK: script } });
    expect(status).toBe(expected);
    expect(stderr).toBe(script === defect ? "nbdkit: error: internal error: a defect\n" : "");
    expect(trace(sandbox)).toEqual(steps);
    await sandbox.empty();
  });
});

describe("a server in the foreground", () => {
  it("ends with status 0 when its plugin asks for it", async () => {
    await using sandbox = new Sandbox();
    const env = { AFTER_FORK: "setImmediate(() => host.shutdown())" };
    const outcome = await sandbox.nbdkit(["-f", "-U", "-", tracedPlugin(sandbox)], { env });
    expect(outcome).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(trace(sandbox)).toEqual(steps);
    await sandbox.empty();
  });

  it("ends with status 1 and one line after an internal error", async () => {
    await using sandbox = new Sandbox();
    const env = { AFTER_FORK: 'Promise.reject(new Error("a\\n  defect"))' };
    const outcome = await sandbox.nbdkit(["-f", "-U", "-", tracedPlugin(sandbox)], { env });
    expect(outcome).toEqual({ status: 1, stdout: "", stderr: "nbdkit: error: internal error: a defect\n" });
    expect(trace(sandbox)).toEqual(steps);
    await sandbox.empty();
  });

  it.each(["SIGTERM", "SIGINT", "SIGQUIT"] as const)("ends with status 0 after %s", async (signal) => {
    await using sandbox = new Sandbox();
    const child = sandbox.start(nbdkit, ["-f", "-U", "-", "-P", "pid", tracedPlugin(sandbox)]);
    expect(await sandbox.number("pid")).toBe(child.pid);
    const outcome = outcomeOf(child);
    child.kill(signal);
    expect(await outcome).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(trace(sandbox)).toEqual(steps);
    await sandbox.empty();
  });

  it("survives a SIGPIPE and the end of the reader of its stderr", async () => {
    await using sandbox = new Sandbox();
    const child = sandbox.start("/bin/sh", ["-c", '"$nbdkit" -v -f -U - -P pid null 2>&1 | true']);
    const pid = await sandbox.number("pid");
    process.kill(pid, "SIGPIPE");
    process.kill(pid, "SIGTERM");
    expect(await ended(child)).toBe(0);
    await sandbox.empty();
  });

  it("leaves its pidfile behind, and ignores that its private socket was removed", async () => {
    await using sandbox = new Sandbox();
    const command = `rm -r "$(dirname "$unixsocket")"; exit 2`;
    const { status, stderr } = await sandbox.nbdkit(["-P", "pid", "null", "--run", command]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: "" });
    await sandbox.number("pid");
    await until("the end", () => sandbox.processes.length === 0);
  });

  it("removes its private socket also when another file is beside it", async () => {
    await using sandbox = new Sandbox();
    await sandbox.nbdkit(["null", "--run", `touch "$(dirname "$unixsocket")/other"`]);
    await sandbox.empty();
  });
});
