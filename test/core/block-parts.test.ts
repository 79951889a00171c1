import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blockParts } from "../../src/core/block-parts.ts";

describe("blockParts", () => {
  it("returns parts that cover the request and whole parts that cover their blocks", () => {
    const cases = fc.record({ size: fc.integer({ min: 1, max: 300 }), from: fc.nat(299), to: fc.nat(299) });
    fc.assert(
      fc.property(cases, fc.constantFrom(1, 4, 16, 64), ({ size, from, to }, block) => {
        const [start, end] = [Math.min(from, to, size - 1), Math.min(Math.max(from, to) + 1, size)];
        let at = 0;
        for (const part of blockParts(BigInt(start), end - start, block, BigInt(size))) {
          expect([part.at, Number(part.offset)]).toEqual([at, start + at]);
          at += part.length;
          const stop = start + at;
          expect([part.first, part.end]).toEqual([
            Math.floor((stop - part.length) / block),
            Math.ceil(stop / block),
          ]);
          const isWhole = (stop - part.length) % block === 0 && (stop % block === 0 || stop === size);
          expect(part.whole).toBe(isWhole);
          if (!isWhole) expect(part.end - part.first).toBe(1);
        }
        expect(at).toBe(end - start);
      }),
    );
  });
});
