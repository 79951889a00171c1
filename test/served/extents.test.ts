import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Extent, StatusExtent } from "../../src/core/extent.ts";
import { clipExtents, clipStatus } from "../../src/served/extents.ts";

const extent = fc.record({ length: fc.bigInt(0n, 50n), hole: fc.boolean(), zero: fc.boolean() });
const statusExtent = fc.record({ length: fc.bigInt(0n, 50n), state: fc.bigInt(0n, 7n) });
const data = (length: bigint) => ({ length, hole: false, zero: false });
const hole = (length: bigint) => ({ length, hole: true, zero: true });
const range = (length: bigint, block = 1n, requestOne = false) => ({ length, block, requestOne });

/** Returns the state of each byte. */
function bytes(extents: readonly StatusExtent[]): bigint[] {
  return extents.flatMap(({ length, state }) => Array<bigint>(Number(length)).fill(state));
}

/** Returns one number for each kind of allocation. */
function asStates(extents: readonly Extent[]): StatusExtent[] {
  return extents.map(({ length, hole, zero }) => ({ length, state: BigInt(hole) * 2n + BigInt(zero) }));
}

/** Checks that no two neighbours are in the same state, and that none is empty. */
function expectMerged(extents: readonly StatusExtent[]): void {
  expect(extents.filter(({ state }, index) => state === extents[index + 1]?.state)).toEqual([]);
  expect(extents.filter(({ length }) => length <= 0n)).toEqual([]);
}

describe("clipExtents", () => {
  it("keeps the state of every byte, up to the length", () => {
    const property = fc.property(fc.array(extent), fc.bigInt(1n, 100n), (extents, length) => {
      fc.pre(extents.some((one) => one.length > 0n));
      const clipped = clipExtents(extents, range(length));
      expect(bytes(asStates(clipped))).toEqual(bytes(asStates(extents)).slice(0, Number(length)));
      expectMerged(asStates(clipped));
    });
    fc.assert(property);
  });

  it("returns the whole first extent, merged from its pieces, for requestOne", () => {
    const one = range(100n, 1n, true);
    expect(clipExtents([data(0n), hole(1n), hole(2n), data(3n), hole(4n)], one)).toEqual([hole(3n)]);
    expect(clipExtents([hole(1n), hole(200n)], one)).toEqual([hole(100n)]);
  });

  it("lets only the extent that reaches the end of the range go past it, up to lengthMax", () => {
    const list = [hole(5n), data(10n), hole(100n)];
    expect(clipExtents(list, { ...range(8n), lengthMax: 1000n })).toEqual([hole(5n), data(10n)]);
    expect(clipExtents(list, { ...range(8n), lengthMax: 12n })).toEqual([hole(5n), data(7n)]);
    expect(clipExtents(list, { ...range(5n), lengthMax: 1000n })).toEqual([hole(5n)]);
    expect(clipExtents(list, { ...range(20n), lengthMax: 1000n })).toEqual([hole(5n), data(10n), hole(100n)]);
    expect(clipExtents(list, { ...range(3n, 1n, true), lengthMax: 1000n })).toEqual([hole(3n)]);
  });

  it("reports past the range only whole blocks, and none that begins there", () => {
    const list = [hole(5n), data(10n), hole(100n)];
    expect(clipExtents(list, { ...range(4n, 4n), lengthMax: 100n })).toEqual([hole(4n)]);
    expect(clipExtents(list, { ...range(8n, 4n), lengthMax: 100n })).toEqual([hole(4n), data(8n)]);
    expect(clipExtents([hole(2n), data(1n), hole(9n)], { ...range(4n, 4n), lengthMax: 100n })).toEqual([
      data(4n),
    ]);
    expect(clipExtents([hole(20n)], { ...range(4n, 4n), lengthMax: 10n })).toEqual([hole(10n)]);
  });

  it("reports a block of several states as data rather than hole, and as non-zero rather than zero", () => {
    const zeroed = { length: 1n, hole: false, zero: true };
    expect(clipExtents([hole(5n), data(1n), hole(6n)], range(12n, 4n))).toEqual([
      hole(4n),
      data(4n),
      hole(4n),
    ]);
    expect(clipExtents([hole(7n), zeroed], range(8n, 4n))).toEqual([hole(4n), { ...zeroed, length: 4n }]);
  });

  it("refuses an empty list, and an extent of negative length", () => {
    for (const extents of [[], [data(0n)], [data(-1n)]]) {
      expect(() => clipExtents(extents, range(10n))).toThrow("the plugin or a filter returned");
    }
  });
});

describe("clipStatus", () => {
  it("returns whole blocks, each with the bits that all of its bytes have", () => {
    const blocks = fc.record({ block: fc.constantFrom(1n, 2n, 8n, 16n), count: fc.bigInt(1n, 12n) });
    const property = fc.property(
      fc.array(statusExtent),
      blocks,
      fc.boolean(),
      (extents, { block, count }, one) => {
        fc.pre(extents.some(({ length }) => length > 0n));
        const clipped = clipStatus(extents, range(block * count, block, one));
        expectMerged(clipped);
        expect(clipped.every(({ length }) => length % block === 0n)).toBe(true);
        if (one) expect(clipped).toHaveLength(1);
        const known = bytes(extents).slice(0, Number(block * count));
        const whole = Math.floor(known.length / Number(block));
        const wanted = Array.from({ length: whole }, (_, at) =>
          known.slice(at * Number(block), (at + 1) * Number(block)).reduce((all, state) => all & state),
        );
        const reported = bytes(clipped).filter((_, at) => at % Number(block) === 0);
        // The state of a first block that the plugin's list does not complete is reported as 0; a later
        // incomplete block is not reported.
        if (whole === 0) expect(reported).toEqual([0n]);
        else if (one) expect(reported).toEqual(wanted.slice(0, reported.length));
        else expect(reported).toEqual(wanted);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it("ends the last block at the end of a range that is not a multiple of the block size", () => {
    const extents = [{ length: 20n, state: 3n }];
    expect(clipStatus(extents, range(10n, 4n))).toEqual([{ length: 10n, state: 3n }]);
    expect(clipStatus(extents, range(3n, 4n))).toEqual([{ length: 3n, state: 3n }]);
    expect(clipStatus([{ length: 1n, state: 3n }], range(3n, 4n))).toEqual([{ length: 3n, state: 0n }]);
  });
});
