import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Coverage } from "../../../src/protocol/client/coverage.ts";
import { readPiecesMax } from "../../../src/protocol/client/limits.ts";

describe("Coverage", () => {
  it("is complete exactly when every byte has arrived once, in any order", () => {
    const layouts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(layouts, fc.infiniteStream(fc.nat()), (lengths, order) => {
        let end = 0;
        const pieces = lengths.map((length) => {
          const start = end;
          end += length;
          return { start, end, rank: order.next().value as number };
        });
        const coverage = new Coverage();
        pieces.sort((one, other) => one.rank - other.rank);
        for (const [index, piece] of pieces.entries()) {
          expect(coverage.isComplete(end)).toBe(false);
          coverage.add(piece.start, piece.end);
          expect(() => coverage.add(piece.start, piece.start + 1)).toThrow(/overlap/);
          expect(coverage.isComplete(end)).toBe(index === pieces.length - 1);
        }
      }),
    );
  });

  it("limits the number of scattered pieces", () => {
    const coverage = new Coverage();
    for (let piece = 0; piece < readPiecesMax; piece++) coverage.add(2 * piece, 2 * piece + 1);
    expect(() => coverage.add(2 * readPiecesMax, 2 * readPiecesMax + 1)).toThrow(/scattered/);
  });
});
