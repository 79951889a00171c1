import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockMap } from "../../src/core/block-map.ts";

describe("BlockMap", () => {
  it("returns the same states as an array after any changes", () => {
    // Around the borders of the map's nodes, of 1024, 1024 * 64 and 1024 * 64 * 64 blocks.
    const bases = fc.constantFrom(0, 1000, 1024 * 64 - 5000, 1024 * 64 * 64 - 5000, 2 ** 50);
    const change = fc.record({ first: fc.nat(9999), length: fc.nat(9000), state: fc.nat(3) });
    fc.assert(
      fc.property(bases, fc.array(change, { maxLength: 12 }), (base, changes) => {
        const map = new BlockMap();
        const states = new Uint8Array(20_000);
        for (const { first, length, state } of changes) {
          map.set(base + first, base + first + length, state);
          states.fill(state, first, first + length);
        }
        const found = new Uint8Array(20_000);
        let at = 0;
        for (const { first, end, state } of map.runs(base, base + states.length)) {
          expect(first).toBe(base + at);
          found.fill(state, at, end - base);
          at = end - base;
        }
        expect(at).toBe(states.length);
        expect(Buffer.from(found).equals(states)).toBe(true);
        for (const { first } of changes) expect(map.get(base + first)).toBe(states[first]);
      }),
      { numRuns: 50 },
    );
  });

  it("uses little memory for single blocks all over a huge disk", () => {
    const used = () => {
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = used();
    const map = new BlockMap();
    const places = 10_000;
    for (let index = 0; index < places; index++) map.set(index * 2 ** 32, index * 2 ** 32 + 1, 1);
    expect((used() - before) / places).toBeLessThan(8000);
    expect(map.get(2 ** 32)).toBe(1);
  });

  it("sets a range of 2^51 blocks at once", () => {
    const map = new BlockMap();
    map.set(1, 2 ** 51, 2);
    map.set(2 ** 40, 2 ** 40 + 1, 1);
    expect([...map.runs(0, 2 ** 51)]).toEqual([
      { first: 0, end: 1, state: 0 },
      { first: 1, end: 2 ** 40, state: 2 },
      { first: 2 ** 40, end: 2 ** 40 + 1, state: 1 },
      { first: 2 ** 40 + 1, end: 2 ** 51, state: 2 },
    ]);
  });
});
