import { describe, expect, it } from "vitest";
import checkwrite from "../../src/filters/checkwrite.ts";
import data from "../../src/plugins/data.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";

const filters = [checkwrite];
const parameters = { data: '"abc" @5242880 1', size: "10M" };
const flags = { fua: false, mayTrim: true, fastZero: false };

testPlugin("checkwrite", { plugin: data, filters, parameters, writes: "refused", runs: 10 });

describe("checkwrite", () => {
  it("checkwrite accepts writes of the same data and fails other writes", async () => {
    await using session = await TestedChain.start({ plugin: data, filters, parameters });
    const disk = await session.open();
    const wrong = expect.objectContaining({ code: "EIO", message: "data written does not match expected" });
    await disk.write(Buffer.from("abc\0"), 0n, true);
    await expect(disk.write(Buffer.from("abd"), 0n, false)).rejects.toEqual(wrong);
    await disk.zero(3n, 5 * 2 ** 20 - 3, flags);
    await disk.trim(3n, 100, false);
    await expect(disk.zero(0n, 10, flags)).rejects.toEqual(wrong);
    await expect(disk.zero(3n, 5 * 2 ** 20, flags)).rejects.toEqual(wrong);
    await expect(disk.trim(2n, 1, false)).rejects.toEqual(wrong);
    await disk.flush();
  });

  it("checkwrite accepts fast zeroes of holes and refuses them elsewhere", async () => {
    await using session = await TestedChain.start({ plugin: data, filters, parameters });
    const disk = await session.open();
    await disk.zero(32_768n, 4 * 2 ** 20, { ...flags, fastZero: true });
    await expect(disk.zero(10n, 10, { ...flags, fastZero: true })).rejects.toMatchObject({ code: "ENOTSUP" });
  });

  it("checkwrite shows with -D checkwrite.showdiffs=1 what differs", async () => {
    await using session = await TestedChain.start({
      plugin: data,
      filters,
      parameters: { data: '"0123456789abcdefghij"' },
      debugFlags: { showdiffs: 1 },
    });
    const disk = await session.open();
    const written = Buffer.from(["2x45", "789abcdefghij"].join("\0"));
    await expect(disk.write(written, 2n, false)).rejects.toThrow("does not match expected");
    const line = (start: string, text: string) => `${start.padEnd(59)}  |${text.padEnd(16)}|`;
    expect(session.debugLines).toEqual([
      line("-00000002: 32 33 34 35 36 37 38 39  61 62 63 64 65 66 67 68", "23456789abcdefgh"),
      line("+00000002:    78       00", " x  ."),
      line(" 00000012: 69 6a", "ij"),
    ]);
  });
});
