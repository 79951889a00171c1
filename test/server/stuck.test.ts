import { describe, expect, it } from "vitest";
import { nbdkit, type Outcome, outcomeOf } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";
import { ended, Scene } from "./scene.ts";

const never = "new Promise(() => setInterval(() => {}, 1000))";
const disk = "size: 512n, read: (into) => void into.fill(0), flush: () => {}";
const cutOff = "nbdkit: error: 1 connections did not end in time and were cut off\n";

/** A plugin or filter from its members; as a plugin it has a disk. */
function module(scene: Scene, members: string): string {
  return scene.file("stuck.mjs", `export default { name: "stuck", ${members} };`);
}

/** Starts a server, waits until `file` is there, and sends one SIGTERM. */
async function terminated(scene: Scene, args: readonly string[], file = "pid"): Promise<Outcome> {
  const child = scene.start(nbdkit, ["-f", "-P", "pid", ...args]);
  const outcome = outcomeOf(child);
  await scene.number(file);
  child.kill("SIGTERM");
  return outcome;
}

describe.concurrent("one signal ends a server hard after a while, and nothing is left, when there is no end to", () => {
  it.each(["cleanup", "unload"])("the %s of a plugin", async (step) => {
    await using scene = new Scene();
    const plugin = module(scene, `open: () => ({ ${disk} }), ${step}: () => ${never}`);
    expect(await terminated(scene, ["-U", "-", plugin])).toEqual({
      status: 143,
      stdout: "",
      stderr: `nbdkit: error: stuck: ${step} made no progress for 5 seconds and was cut off\n`,
    });
    await scene.empty();
  });

  it("the clean-up of a filter, while a script is waiting below it", async () => {
    await using scene = new Scene();
    const filter = module(scene, `cleanup: () => ${never}`);
    const script = ["get_size=echo 512", "after_fork=echo 1 >asked; sleep 1000; :"];
    const args = ["-U", "-", `--filter=${filter}`, "eval", ...script];
    expect(await terminated(scene, args, "asked")).toEqual({
      status: 143,
      stdout: "",
      stderr: "nbdkit: error: stuck: cleanup made no progress for 5 seconds and was cut off\n",
    });
    await scene.empty();
  });

  it("a clean-up that leaves JavaScript no time for anything else", async () => {
    await using scene = new Scene();
    const plugin = module(scene, `open: () => ({ ${disk} }), cleanup: () => { for (;;); }`);
    expect((await terminated(scene, ["-U", "-", plugin])).status).toBe(142);
    await scene.empty();
  });

  it("the unload of a script", async () => {
    await using scene = new Scene();
    const outcome = await terminated(scene, ["-U", "-", "eval", "get_size=echo 512", "unload=sleep 1000; :"]);
    expect(outcome).toEqual({
      status: 143,
      stdout: "",
      stderr: "nbdkit: error: eval: unload made no progress for 5 seconds and was cut off\n",
    });
    await scene.empty();
  });

  it("the clean-up after a command that was told to end", async () => {
    await using scene = new Scene();
    const plugin = module(scene, `open: () => ({ ${disk} }), cleanup: () => ${never}`);
    const outcome = await terminated(scene, [plugin, "--run", "echo 1 >ready; sleep 1000; :"], "ready");
    expect(outcome).toEqual({
      status: 143,
      stdout: "",
      stderr:
        "nbdkit: external command was killed by signal 15\n" +
        "nbdkit: error: stuck: cleanup made no progress for 5 seconds and was cut off\n",
    });
    await scene.empty();
  });
});

describe.concurrent("what nothing can bring to an end is not waited for, and not taken for success:", () => {
  const steps = ["load", "configComplete", "getReady", "afterFork"];
  it.each(steps.flatMap((step) => [["-f", step] as const, ["", step] as const]))(
    "%s %s",
    async (where, step) => {
      await using scene = new Scene();
      const filter = module(scene, `${step}: () => new Promise(() => {})`);
      const args = ["-U", "socket", ...(where === "" ? [] : [where]), `--filter=${filter}`, "memory", "1M"];
      expect(await scene.nbdkit(args)).toEqual({
        status: 1,
        stdout: "",
        stderr: `nbdkit: error: stuck's ${step} waits for something that will never happen\n`,
      });
      expect(scene.read("socket")).toBe(undefined);
      await scene.empty();
    },
  );

  it("dumpPlugin", async () => {
    await using scene = new Scene();
    const filter = module(scene, "dumpPlugin: () => new Promise(() => {})");
    expect(await scene.nbdkit([`--filter=${filter}`, "memory", "--dump-plugin"])).toEqual({
      status: 1,
      stdout: "",
      stderr: "nbdkit: error: stuck's dumpPlugin waits for something that will never happen\n",
    });
  });

  it.each(["cleanup", "unload"])("%s, after which the status is still that of the command", async (step) => {
    await using scene = new Scene();
    const filter = module(scene, `${step}: () => new Promise(() => {})`);
    expect(await scene.nbdkit([`--filter=${filter}`, "memory", "1M", "--run", "exit 3"])).toEqual({
      status: 3,
      stdout: "",
      stderr: `nbdkit: error: ${step}: stuck waits for something that will never happen\n`,
    });
    await scene.empty();
  });
});

describeWith(
  ["nbdsh"],
  "one signal cuts clients off after a while, and nothing is left, when there is no end to",
  () => {
    /** Runs a server on the path "socket" with a client that stays; one SIGTERM ends it when "asked" is there. */
    async function served(scene: Scene, args: readonly string[]): Promise<Outcome> {
      const server = terminated(scene, ["-U", "socket", ...args], "asked");
      await scene.number("pid");
      const script = ["-c", "h.aio_pread(nbd.Buffer(512), 0)", "-c", "import time; time.sleep(1000)"];
      const client = scene.start("nbdsh", ["-u", "nbd+unix:///?socket=socket", ...script]);
      const outcome = await server;
      client.kill("SIGKILL");
      await ended(client);
      return outcome;
    }

    it.concurrent("a request that waits in a system call", async () => {
      await using scene = new Scene();
      await scene.sh("mkfifo fifo");
      const plugin = scene.file(
        "stuck.mjs",
        `import { writeFileSync } from "node:fs";
      import { open } from "node:fs/promises";
      const read = () => (writeFileSync("asked", "1\\n"), open("fifo"));
      export default { name: "stuck", open: () => ({ size: 512n, read }) };`,
      );
      expect(await served(scene, [plugin])).toEqual({ status: 0, stdout: "", stderr: cutOff });
      await scene.empty();
    });

    it.concurrent.each([
      ["pread", "echo 1 >asked; sleep 1000; :"],
      ["close", "sleep 1000; :"],
    ])("the %s of a script", async (method, script) => {
      await using scene = new Scene();
      const others = method === "close" ? ["pread=echo 1 >asked; head -c 512 /dev/zero"] : [];
      const args = ["eval", "get_size=echo 512", `${method}=${script}`, ...others];
      expect(await served(scene, args)).toEqual({ status: 0, stdout: "", stderr: cutOff });
      await scene.empty();
    });
  },
);
