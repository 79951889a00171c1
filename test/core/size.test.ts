import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatSize, parseSize, sizeMax } from "../../src/core/size.ts";

const units = {
  b: 1n,
  k: 2n ** 10n,
  M: 2n ** 20n,
  G: 2n ** 30n,
  T: 2n ** 40n,
  P: 2n ** 50n,
  E: 2n ** 60n,
  s: 512n,
};

describe("parseSize", () => {
  it.each([
    ["0", 0n],
    ["1", 1n],
    ["+1", 1n],
    [" 1", 1n],
    ["010", 8n],
    ["010K", 8192n],
    ["00", 0n],
    ["0b", 0n],
    ["0s", 0n],
    ["0x10", 16n],
    ["0X1f", 31n],
    ["+0x1", 1n],
    ["0x1E", 30n],
    ["0x1_E", 2n ** 60n],
    ["0x1K", 1024n],
    ["0x1b", 27n],
    ["0x1_b", 1n],
    ["0b11_k", 3072n],
    ["1_M", 2n ** 20n],
    ["0x7fffffffffffffff", sizeMax],
    ["-0", 0n],
    ["9223372036854775807", sizeMax],
    ["7E", 7n * 2n ** 60n],
    ["18014398509481983s", sizeMax - 511n],
  ])("reads %j as %s", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it("reads a whole number with any suffix, in either case", () => {
    const property = fc.property(
      fc.bigInt(0n, 7n),
      fc.constantFrom(...Object.entries(units)),
      fc.boolean(),
      (count, [suffix, unit], upper) => {
        expect(parseSize(`${count}${upper ? suffix.toUpperCase() : suffix.toLowerCase()}`)).toBe(
          count * unit,
        );
      },
    );
    fc.assert(property);
  });

  it.each([
    "",
    " ",
    "x",
    "M",
    "1.5M",
    "1Q",
    "1 M",
    "1M ",
    "1MB",
    "1KiB",
    "0x",
    "0xg",
    "08",
    "1_",
    "_1",
    "1_0",
    "1__M",
    "1M_",
    "-1",
    "-0x1",
    "- 1",
    "--1",
    "1e3",
    "٣",
  ])("refuses %j", (text) => {
    expect(() => parseSize(text)).toThrow(expect.objectContaining({ code: "EINVAL" }));
  });

  it.each([
    "9223372036854775808",
    "0x8000000000000000",
    "0x1e_e",
    "8E",
    "9007199254740992K",
    "99999999999999999999",
    "18014398509481984s",
  ])("refuses %j, which is too large", (text) => {
    expect(() => parseSize(text)).toThrow(expect.objectContaining({ code: "EOVERFLOW" }));
  });

  it("accepts only numbers with a suffix", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."0123456789-+ .xkMGtPes_b\n") }), (text) => {
        let bytes: bigint | undefined;
        try {
          bytes = parseSize(text);
        } catch {
          return;
        }
        expect(text).toMatch(/^\s*[+-]?(\d+|0x[\da-f]+|0b[01]+)(_?[bkmgtpes])?$/i);
        expect(bytes >= 0n && bytes <= sizeMax).toBe(true);
      }),
    );
  });
});

describe("formatSize", () => {
  it.each([
    [0n, "0"],
    [1n, "1"],
    [1024n, "1K"],
    [1025n, "1025"],
    [3n * 2n ** 30n, "3G"],
    [7n * 2n ** 60n, "7E"],
  ])("writes %s as %s", (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  it("returns a text that parseSize reads back exactly, for every size", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, sizeMax), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.bigInt(0n, 1023n), fc.constantFrom(...Object.values(units)), (count, unit) => {
        fc.pre(count * unit <= sizeMax);
        expect(parseSize(formatSize(count * unit))).toBe(count * unit);
      }),
    );
  });
});
