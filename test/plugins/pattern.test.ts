import { describe, expect, it } from "vitest";
import pattern from "../../src/plugins/pattern.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";

const largest = "9223372036854775807";

const writes = "refused";
testPlugin("pattern", { plugin: pattern, parameters: { size: "100003" }, writes });
testPlugin("pattern of the largest size", { plugin: pattern, parameters: { size: largest }, writes });
testPlugin("pattern with stride and upper", {
  plugin: pattern,
  parameters: { size: largest, stride: "1k", upper: "0x1234" },
  writes,
});

describe("pattern", () => {
  const start = (size: string, more: Record<string, string> = {}) =>
    TestedChain.start({ plugin: pattern, parameters: { size, ...more } });

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

  it.each<[string, Record<string, string>, bigint, string]>([
    [
      "40",
      { stride: "16" },
      0n,
      "0000000000000000 0000000000000000 0000000000000010 0000000000000000 0000000000000020",
    ],
    ["36", { stride: "16" }, 16n, "0000000000000010 0000000000000000 00000000"],
    ["2k", { stride: "1k", upper: "65535" }, 1022n, "0000 ffff000000000400 000000"],
    ["2k", { stride: "1k" }, 1027n, "0000000400 000000"],
    ["16", { upper: "0x1234" }, 0n, "1234000000000000 1234000000000008"],
    [largest, { upper: "0xffff" }, 0x7fff_ffff_ffff_f000n, "8000fffffffff000"],
    [largest, { stride: "4E" }, 2n ** 62n - 1n, "00 4000000000000000 00"],
  ])("of size %s with %j reads from %d as %s", async (size, more, offset, hex) => {
    await using session = await start(size, more);
    const expected = Buffer.from(hex.replaceAll(" ", ""), "hex");
    expect(await contents(await session.open(), offset, expected.length)).toEqual(expected);
  });

  it("has other numbers in each run with upper=random", async () => {
    const found = new Set<number>();
    for (let run = 0; run < 8; run++) {
      await using session = await start("8", { upper: "random" });
      found.add((await contents(await session.open())).readUInt16BE(0));
    }
    expect(found.size).toBeGreaterThan(1);
    expect(found).not.toContain(0);
  });

  it("accepts writes of the same bytes, and zeroes between numbers", async () => {
    await using session = await start("4096", { stride: "1k", upper: "7" });
    const disk = await session.open();
    await disk.write(await contents(disk, 1000n, 100), 1000n, false);
    await disk.zero(8n, 1016, { fua: false, mayTrim: false, fastZero: false });
    const refused = { code: "EIO", message: "data written does not match expected" };
    await expect(disk.write(Buffer.alloc(8), 1024n, false)).rejects.toMatchObject(refused);
  });

  it.each([
    [{ stride: "4" }, "stride=4: use"],
    [{ stride: "24" }, "stride=24: use"],
    [{ upper: "65536" }, "upper: 65536 is out of range: use 0 to 65535"],
    [{ upper: "-1" }, "upper: negative numbers are not allowed"],
  ])("refuses %j", async (more, message) => {
    await expect(start("1M", more)).rejects.toThrow(message);
  });

  it("requires a size", async () => {
    const missing = TestedChain.start({ plugin: pattern, parameters: {} });
    await expect(missing).rejects.toThrow("you must specify size=<SIZE> on the command line");
  });
});
