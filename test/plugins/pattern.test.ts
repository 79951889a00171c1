import { describe, expect, it } from "vitest";
import pattern from "../../src/plugins/pattern.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";

const largest = "9223372036854775807";

testPlugin("pattern", { plugin: pattern, parameters: { size: "100003" } });
testPlugin("pattern of the largest size", { plugin: pattern, parameters: { size: largest } });

describe("pattern", () => {
  const start = (size: string) => TestedChain.start({ plugin: pattern, parameters: { size } });

  it("has the offset in every eight bytes, also when the last number is incomplete", async () => {
    await using session = await start("20");
    const hex = (await contents(await session.open())).toString("hex");
    expect(hex).toBe("0000000000000000" + "0000000000000008" + "00000000");
  });

  it.each([2n ** 32n - 16n, 2n ** 53n - 16n, 2n ** 63n - 40n])(
    "has the offset in every eight bytes around offset %d",
    async (offset) => {
      await using session = await start(largest);
      const bytes = await contents(await session.open(), offset, 32);
      for (const at of [0, 8, 16, 24]) expect(bytes.readBigUInt64BE(at)).toBe(offset + BigInt(at));
    },
  );

  it("reads any part of a number", async () => {
    await using session = await start(largest);
    const disk = await session.open();
    const whole = await contents(disk, 0x0102_0304_0506_0700n, 24);
    for (let from = 0; from < 24; from++) {
      for (let to = from + 1; to <= 24; to++) {
        const part = await contents(disk, 0x0102_0304_0506_0700n + BigInt(from), to - from);
        expect(part).toEqual(whole.subarray(from, to));
      }
    }
  });

  it("requires a size", async () => {
    const missing = TestedChain.start({ plugin: pattern, parameters: {} });
    await expect(missing).rejects.toThrow("you must specify size=<SIZE> on the command line");
  });
});
