import { describe, expect, it } from "vitest";
import { nbdkit, type Outcome, outcomeOf, shortStall } from "../helpers/run.ts";
import { ended, Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";

const never = "new Promise(() => setInterval(() => {}, 1000))";
const disk = "size: 512n, read: (into) => void into.fill(0), flush: () => {}";
const cutOff = "nbdkit: error: 1 connections did not end in time and were cut off\n";

/** Makes a plugin or filter from the given members; as a plugin it has a disk. */
function module(sandbox: Sandbox, members: string): string {
  return sandbox.file("stuck.mjs", `export default { name: "stuck", ${members} };`);
}

/** Starts a server, waits until `file` exists, and sends one SIGTERM. */
async function terminated(sandbox: Sandbox, args: readonly string[], file = "pid"): Promise<Outcome> {
  const child = sandbox.start(nbdkit, ["-f", "-P", "pid", ...args], { env: shortStall });
  const outcome = outcomeOf(child);
  await sandbox.number(file);
  child.kill("SIGTERM");
  return outcome;
}

describe.concurrent("one signal ends a server hard after a while, and leaves nothing behind, in an endless", () => {
  it.each(["cleanup", "unload"])("%s of a plugin", async (step) => {
    await using sandbox = new Sandbox();
    const plugin = module(sandbox, `open: () => ({ ${disk} }), ${step}: () => ${never}`);
    expect(await terminated(sandbox, ["-U", "-", plugin])).toEqual({
      status: 143,
      stdout: "",
      stderr: `nbdkit: error: stuck: ${step} made no progress for 2 seconds and was cut off\n`,
    });
    await sandbox.empty();
  });

  it("clean-up of a filter, while a script is waiting below it", async () => {
    await using sandbox = new Sandbox();
    const filter = module(sandbox, `cleanup: () => ${never}`);
    const script = ["get_size=echo 512", "after_fork=echo 1 >asked; sleep 1000; :"];
    const args = ["-U", "-", `--filter=${filter}`, "eval", ...script];
    expect(await terminated(sandbox, args, "asked")).toEqual({
      status: 143,
      stdout: "",
      stderr: "nbdkit: error: stuck: cleanup made no progress for 2 seconds and was cut off\n",
    });
    await sandbox.empty();
  });

  it("clean-up that blocks JavaScript", async () => {
    await using sandbox = new Sandbox();
    const plugin = module(sandbox, `open: () => ({ ${disk} }), cleanup: () => { for (;;); }`);
    expect((await terminated(sandbox, ["-U", "-", plugin])).status).toBe(142);
    await sandbox.empty();
  });

  it("unload of a script", async () => {
    await using sandbox = new Sandbox();
    const outcome = await terminated(sandbox, [
      "-U",
      "-",
      "eval",
      "get_size=echo 512",
      "unload=sleep 1000; :",
    ]);
    expect(outcome).toEqual({
      status: 143,
      stdout: "",
      stderr: "nbdkit: error: eval: unload made no progress for 2 seconds and was cut off\n",
    });
    await sandbox.empty();
  });

  it("clean-up after a command that got a signal", async () => {
    await using sandbox = new Sandbox();
    const plugin = module(sandbox, `open: () => ({ ${disk} }), cleanup: () => ${never}`);
    const outcome = await terminated(sandbox, [plugin, "--run", "echo 1 >ready; sleep 1000; :"], "ready");
    expect(outcome).toEqual({
      status: 143,
      stdout: "",
      stderr:
        "nbdkit: external command was killed by signal 15\n" +
        "nbdkit: error: stuck: cleanup made no progress for 2 seconds and was cut off\n",
    });
    await sandbox.empty();
  });
});

describe.concurrent("a promise that can never settle is not waited for, and is an error:", () => {
  const steps = ["load", "configComplete", "getReady", "afterFork"];
  it.each(steps.flatMap((step) => [["-f", step] as const, ["", step] as const]))(
    "%s %s",
    async (where, step) => {
      await using sandbox = new Sandbox();
      const filter = module(sandbox, `${step}: () => new Promise(() => {})`);
      const args = ["-U", "socket", ...(where === "" ? [] : [where]), `--filter=${filter}`, "memory", "1M"];
      expect(await sandbox.nbdkit(args)).toEqual({
        status: 1,
        stdout: "",
        stderr: `nbdkit: error: stuck's ${step} waits for something that will never happen\n`,
      });
      expect(sandbox.read("socket")).toBe(undefined);
      await sandbox.empty();
    },
  );

  it("dumpPlugin", async () => {
    await using sandbox = new Sandbox();
    const filter = module(sandbox, "dumpPlugin: () => new Promise(() => {})");
    expect(await sandbox.nbdkit([`--filter=${filter}`, "memory", "--dump-plugin"])).toEqual({
      status: 1,
      stdout: "",
      stderr: "nbdkit: error: stuck's dumpPlugin waits for something that will never happen\n",
    });
  });

  it.each(["cleanup", "unload"])("%s, after which the status is still that of the command", async (step) => {
    await using sandbox = new Sandbox();
    const filter = module(sandbox, `${step}: () => new Promise(() => {})`);
    expect(await sandbox.nbdkit([`--filter=${filter}`, "memory", "1M", "--run", "exit 3"])).toEqual({
      status: 3,
      stdout: "",
      stderr: `nbdkit: error: ${step}: stuck waits for something that will never happen\n`,
    });
    await sandbox.empty();
  });
});

describeWith(
  ["nbdsh"],
  "one signal cuts clients off after a while, and leaves nothing behind, in an endless",
  () => {
    /**
     * Runs a server on the path "socket" with a client that stays; one SIGTERM ends the server when the file
     * "asked" exists.
     */
    async function served(sandbox: Sandbox, args: readonly string[]): Promise<Outcome> {
      const server = terminated(sandbox, ["-U", "socket", ...args], "asked");
      await sandbox.number("pid");
      const script = ["-c", "h.aio_pread(nbd.Buffer(512), 0)", "-c", "import time; time.sleep(1000)"];
      const client = sandbox.start("nbdsh", ["-u", "nbd+unix:///?socket=socket", ...script]);
      const outcome = await server;
      client.kill("SIGKILL");
      await ended(client);
      return outcome;
    }

    it.concurrent("request that waits in a system call", async () => {
      await using sandbox = new Sandbox();
      await sandbox.sh("mkfifo fifo");
      const plugin = sandbox.file(
        "stuck.mjs",
        `import { writeFileSync } from "node:fs";
      import { open } from "node:fs/promises";
      const read = () => (writeFileSync("asked", "1\\n"), open("fifo"));
      export default { name: "stuck", open: () => ({ size: 512n, read }) };`,
      );
      expect(await served(sandbox, [plugin])).toEqual({ status: 0, stdout: "", stderr: cutOff });
      await sandbox.empty();
    });

    it.concurrent.each([
      ["pread", "echo 1 >asked; sleep 1000; :"],
      ["close", "sleep 1000; :"],
    ])("%s of a script", async (method, script) => {
      await using sandbox = new Sandbox();
      const others = method === "close" ? ["pread=echo 1 >asked; head -c 512 /dev/zero"] : [];
      const args = ["eval", "get_size=echo 512", `${method}=${script}`, ...others];
      expect(await served(sandbox, args)).toEqual({ status: 0, stdout: "", stderr: cutOff });
      await sandbox.empty();
    });
  },
);
