import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/testing/random.ts";
import { family, startReady } from "../helpers/captive-command.ts";
import { nbdkit } from "../helpers/run.ts";
import { ended, Sandbox } from "../helpers/sandbox.ts";

describe.skipIf(process.platform !== "linux")("when the server is killed (SIGKILL)", () => {
  it("no process and no file remain, at any moment of the server's life", async () => {
    const random = new Random(20_261_129);
    await using sandbox = new Sandbox();
    for (let round = 0; round < 30; round++) {
      const child = sandbox.start(nbdkit, ["null", "--run", family], { stdio: "ignore" });
      const status = ended(child);
      await setTimeout(random.below(300));
      child.kill("SIGKILL");
      expect(await status).toBe(137);
      await sandbox.empty();
    }
  });

  it("a command that ignores SIGTERM is killed after 5 seconds", async () => {
    await using sandbox = new Sandbox();
    const child = await startReady(sandbox, `trap '' TERM; ${family}`);
    const status = ended(child);
    child.kill("SIGKILL");
    expect(await status).toBe(137);
    await sandbox.empty();
  });
});
