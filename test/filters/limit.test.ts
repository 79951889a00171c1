import { describe, expect, it } from "vitest";
import type { AnyPlugin } from "../../src/chain/component.ts";
import limit from "../../src/filters/limit.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { until } from "../helpers/until.ts";
import { overMemory, RecordingDisk } from "./disks.ts";

testPlugin("limit over memory", { ...overMemory(limit, { limit: "2" }), runs: 5 });

describe("limit", () => {
  const refused = "limit: too many clients connected, connection rejected";

  it.each([
    [{}, 1],
    [{ limit: "3" }, 3],
  ])("limit with %j accepts %d clients at a time", async (parameters, most) => {
    await using session = await TestedChain.start(overMemory(limit, parameters));
    const first = await session.open();
    for (let count = 1; count < most; count++) await session.open();
    await expect(session.open()).rejects.toThrow(refused);
    await session.close(first);
    await session.open();
    await expect(session.open()).rejects.toThrow(refused);
  });

  it("limit=0 accepts all clients", async () => {
    await using session = await TestedChain.start(overMemory(limit, { limit: "0" }));
    for (let count = 0; count < 20; count++) await session.open();
  });

  it("limit counts clients that are opening an export, and not clients whose open failed", async () => {
    const opening: ((error: Error) => void)[] = [];
    const { plugin } = new RecordingDisk();
    const slow: AnyPlugin = { ...plugin, open: () => new Promise((_, reject) => opening.push(reject)) };
    await using session = await TestedChain.start({ plugin: slow, filters: [limit], parameters: {} });
    const first = session.open();
    await until("the first open", () => opening.length === 1);
    await expect(session.open()).rejects.toThrow(refused);
    opening[0]!(new Error("broken disk"));
    await expect(first).rejects.toThrow("broken disk");
    const second = session.open();
    await until("the second open", () => opening.length === 2);
    opening[1]!(new Error("still broken"));
    await expect(second).rejects.toThrow("still broken");
  });
});
