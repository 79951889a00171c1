import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clipExtents } from "../../src/backend/extents.ts";

const extent = fc.record({ length: fc.bigInt(0n, 50n), hole: fc.boolean(), zero: fc.boolean() });
const data = (length: bigint) => ({ length, hole: false, zero: false });
const hole = (length: bigint) => ({ length, hole: true, zero: true });

/** One letter for each byte. */
function spell(extents: readonly { length: bigint; hole: boolean; zero: boolean }[]): string {
  return extents
    .map(({ length, hole, zero }) => "dzhb"[Number(hole) * 2 + Number(zero)]!.repeat(Number(length)))
    .join("");
}

describe("clipExtents", () => {
  it("keeps the state of every byte, up to the length", () => {
    const property = fc.property(fc.array(extent), fc.bigInt(1n, 100n), (extents, length) => {
      fc.pre(extents.some((one) => one.length > 0n));
      const clipped = clipExtents(extents, length, false);
      expect(spell(clipped)).toBe(spell(extents).slice(0, Number(length)));
      for (const [index, one] of clipped.entries()) {
        expect(one.length).toBeGreaterThan(0n);
        const next = clipped[index + 1];
        expect(next?.hole === one.hole && next.zero === one.zero).toBe(false);
      }
    });
    fc.assert(property);
  });

  it("gives the whole first extent when one is asked for, merged from its pieces", () => {
    expect(clipExtents([data(0n), hole(1n), hole(2n), data(3n), hole(4n)], 100n, true)).toEqual([hole(3n)]);
    expect(clipExtents([hole(1n), hole(200n)], 100n, true)).toEqual([hole(100n)]);
  });

  it("refuses a plugin's list without an extent, or with a negative one", () => {
    for (const extents of [[], [data(0n)], [data(-1n)]]) {
      expect(() => clipExtents(extents, 10n, false)).toThrow("the plugin returned");
    }
  });
});
