import { describe, expect, it } from "vitest";
import timeLimit from "../../src/filters/time-limit.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { captive } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";
import { overMemory } from "./disks.ts";

testPlugin("time-limit over memory", { ...overMemory(timeLimit), runs: 5 });

describe("time-limit", () => {
  it("time-limit disconnects a client after its time", async () => {
    await using session = await TestedChain.start(overMemory(timeLimit, { time_limit: "5ms" }));
    await new Promise<void>((resolve) => {
      void session.open({ disconnect: () => resolve() });
    });
  });

  it("time-limit ignores disconnected clients and clients without a limit", async () => {
    await using session = await TestedChain.start(overMemory(timeLimit, { timelimit: "1ms" }));
    await using unlimited = await TestedChain.start(overMemory(timeLimit, { "time-limit": "0" }));
    const disconnect = (): void => {
      throw new Error("cut off");
    };
    await session.close(await session.open({ disconnect }));
    await unlimited.open({ disconnect });
    // A later client is disconnected, so the time of the earlier clients would have ended too.
    await new Promise<void>((resolve) => void session.open({ disconnect: () => resolve() }));
  });
});

describeWith(["nbdsh"], "time-limit and real clients", () => {
  it("time-limit disconnects an idle client", async () => {
    const script = `while not h.aio_is_dead() and not h.aio_is_closed(): h.poll(-1)
print("over")`;
    const args = ["--filter=time-limit", "memory", "1M", "time-limit=0.2"];
    expect(await captive(args, `nbdsh -u "$uri" -c '${script}'`)).toBe("over\n");
  });
});
