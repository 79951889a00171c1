import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { run, spawn } from "../../src/api/captive.ts";
import { isRunning } from "../helpers/processes.ts";
import { until } from "../helpers/until.ts";

const plugin = "null";

describe("a captive command", () => {
  it("sets the variables that describe the server, and returns the status and output of the command", async () => {
    const script = 'test -S "$unixsocket" && echo "$uri" && echo "$exportname" >&2 && exit 7';
    const { status, stdout, stderr } = await run(script, { plugin, exportName: "x" });
    expect({ status, stderr }).toEqual({ status: 7, stderr: "x\n" });
    expect(stdout).toMatch(/^nbd\+unix:\/\/\/x\?socket=/);
  });

  it("ends with all processes that it started when the signal is aborted", async () => {
    const controller = new AbortController();
    const captive = await spawn("sleep 1000 & echo $!; wait", {
      plugin,
      stdio: ["ignore", "pipe", "inherit"],
      signal: controller.signal,
      log: { verbose: false, error: () => {}, debug: () => {} },
    });
    const [pid] = await once(captive.child.stdout!, "data");
    controller.abort();
    expect(await captive.finished).toBe(128 + 15);
    await until("the end of the job", () => !isRunning(Number(pid)));
  });

  it("ends at the end of its scope", async () => {
    let finished: Promise<number>;
    {
      await using captive = await spawn("exec sleep 1000", { plugin });
      finished = captive.finished;
    }
    expect(await finished).toBe(128 + 15);
  });

  it("may be disposed of at the moment when the command ends by itself", async () => {
    for (let round = 0; round < 20; round++) {
      await using captive = await spawn("exit 0", { plugin });
      expect(await Promise.race([captive.finished, "left"])).toBeDefined();
    }
  });

  it("rejects with the errors of serve, and runs no command", async () => {
    await expect(run("exit 0", { plugin: "memory" })).rejects.toThrow("you must specify size=");
  });
});
