import { describe, expect, it } from "vitest";
import timeLimit from "../../src/filters/time-limit.ts";
import { Session } from "../../src/testing/session.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { captive } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";
import { overMemory } from "./disks.ts";

testPlugin("time-limit over memory", { ...overMemory(timeLimit), runs: 5 });

describe("time-limit", () => {
  it("cuts a client off when its time is over", async () => {
    await using session = await Session.start(overMemory(timeLimit, { time_limit: "5ms" }));
    await new Promise<void>((resolve) => {
      void session.open({ disconnect: () => resolve() });
    });
  });

  it("leaves those alone that have gone, or have no limit", async () => {
    await using session = await Session.start(overMemory(timeLimit, { timelimit: "1ms" }));
    await using unlimited = await Session.start(overMemory(timeLimit, { "time-limit": "0" }));
    const disconnect = (): void => {
      throw new Error("cut off");
    };
    await session.close(await session.open({ disconnect }));
    await unlimited.open({ disconnect });
    // One that comes later is cut off, so the time of the others would have been over too.
    await new Promise<void>((resolve) => void session.open({ disconnect: () => resolve() }));
  });
});

describeWith(["nbdsh"], "time-limit and real clients", () => {
  it("ends the connection of a client that does nothing", async () => {
    const script = `while not h.aio_is_dead() and not h.aio_is_closed(): h.poll(-1)
print("over")`;
    const args = ["--filter=time-limit", "memory", "1M", "time-limit=0.2"];
    expect(await captive(args, `nbdsh -u "$uri" -c '${script}'`)).toBe("over\n");
  });
});
