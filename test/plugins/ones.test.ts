import { describe, expect, it } from "vitest";
import ones from "../../src/plugins/ones.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";

testPlugin("ones", { plugin: ones, parameters: { size: "100000" }, writes: "discarded" });

describe("ones", () => {
  it.each([
    [{ size: "10" }, 0xff],
    [{ size: "10", byte: "0x7f" }, 0x7f],
    [{ size: "10", byte: "0" }, 0],
  ])("with %o reads as %d", async (parameters, byte) => {
    await using session = await TestedChain.start({ plugin: ones, parameters });
    const disk = await session.open();
    expect(await contents(disk)).toEqual(Buffer.alloc(10, byte));
    expect(await disk.extents(0n, 10, false)).toEqual([{ length: 10n, hole: false, zero: false }]);
  });

  it("is empty without a size", async () => {
    await using session = await TestedChain.start({ plugin: ones, parameters: {} });
    expect((await session.open()).size).toBe(0n);
  });

  it("refuses a value that is no byte", async () => {
    const start = TestedChain.start({ plugin: ones, parameters: { byte: "256" } });
    await expect(start).rejects.toThrow("byte: 256 is out of range: use 0 to 255");
  });
});
