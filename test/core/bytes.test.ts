import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteQueue } from "../../src/core/bytes.ts";

describe("ByteQueue", () => {
  it("returns the pushed bytes for any sizes of chunks and takes", () => {
    const length = fc.oneof(
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: 0, max: 70_000 }),
    );
    const steps = fc.array(fc.record({ push: fc.boolean(), length }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (steps) => {
        const queue = new ByteQueue();
        let pushed = 0;
        let taken = 0;
        for (const { push, length } of steps) {
          if (push) {
            queue.push(Buffer.from(Array.from({ length }, (_, index) => (pushed + index) % 251)));
            pushed += length;
          } else {
            const bytes = queue.take(Math.min(length, queue.length));
            expect(bytes.every((byte, index) => byte === (taken + index) % 251)).toBe(true);
            taken += bytes.length;
          }
          expect(queue.length).toBe(pushed - taken);
        }
        expect(queue.takeAll()).toHaveLength(pushed - taken);
      }),
      { numRuns: 50 },
    );
  });

  it("holds a million single-byte chunks in little more than a million bytes", () => {
    const queue = new ByteQueue();
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < 1_000_000; count++) queue.push(Buffer.from([7]));
    // One buffer per byte would take 150 MB. Most of the measured memory is garbage of this loop.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(75e6);
    expect(queue.takeAll().equals(Buffer.alloc(1_000_000, 7))).toBe(true);
  });

  it("does not change buffers that it has returned", () => {
    const queue = new ByteQueue();
    for (const byte of [1, 2, 3]) queue.push(Buffer.from([byte]));
    const taken = queue.take(3);
    for (const byte of [4, 5, 6]) queue.push(Buffer.from([byte]));
    expect([...taken, ...queue.takeAll()]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
