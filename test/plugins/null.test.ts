import { describe, expect, it } from "vitest";
import nullPlugin from "../../src/plugins/null.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";

testPlugin("null", { plugin: nullPlugin, parameters: { size: "100000" }, writes: "discarded" });
testPlugin("null without a size", { plugin: nullPlugin, parameters: {}, writes: "discarded", runs: 3 });

describe("null", () => {
  it("has size 0 by default", async () => {
    await using session = await TestedChain.start({ plugin: nullPlugin, parameters: {} });
    expect((await session.open()).size).toBe(0n);
  });

  it("reports a disk of any size as one hole", async () => {
    await using session = await TestedChain.start({
      plugin: nullPlugin,
      parameters: { size: "9223372036854775807" },
    });
    const disk = await session.open();
    const extents = await disk.extents(disk.size - 2n ** 32n, 2 ** 32, false);
    expect(extents).toEqual([{ length: 2n ** 32n, hole: true, zero: true }]);
  });
});
