import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Source } from "../../../src/cli/nbd/copy/endpoint.ts";
import { sourceJobs } from "../../../src/cli/nbd/copy/plan.ts";
import { findRuns } from "../../../src/core/zero-runs.ts";

describe("sourceJobs", () => {
  it("covers the source once, in order and aligned, and treats no data as zeroes", async () => {
    const extents = fc.array(fc.record({ length: fc.bigInt(1n, 40n), zero: fc.boolean() }), {
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(extents, fc.constantFrom(1, 2, 8), async (list, alignment) => {
        const data = list.flatMap(({ length, zero }) => Array<boolean>(Number(length)).fill(!zero));
        const size = BigInt(data.length);
        const source = { size, extents: () => list.map((one) => ({ ...one, hole: one.zero })) };
        let at = 0n;
        for await (const job of sourceJobs(source as unknown as Source, true, 16, alignment)) {
          if (job.kind === "bytes") throw new Error("no such job here");
          const end = job.offset + BigInt(job.length);
          expect(job.offset).toBe(at);
          expect(job.offset % BigInt(alignment)).toBe(0n);
          expect(end === size || end % BigInt(alignment) === 0n).toBe(true);
          if (job.kind === "zero") expect(data.slice(Number(at), Number(end))).not.toContain(true);
          else expect(job.length).toBeLessThanOrEqual(16);
          at = end;
        }
        expect(at).toBe(size);
      }),
    );
  });

  it("reads the whole source when it does not report extents", async () => {
    const source = { size: 40n, extents: () => undefined } as unknown as Source;
    const jobs: unknown[] = [];
    for await (const job of sourceJobs(source, true, 16, 1)) jobs.push([job.kind, job.offset]);
    expect(jobs).toEqual([
      ["read", 0n],
      ["read", 16n],
      ["read", 32n],
    ]);
  });
});

describe("findRuns", () => {
  it.each([
    ["aaaa....bbbb", 0n, 4, "0-4 4-8z 8-12"],
    ["........", 0n, 4, "0-8z"],
    ["..a.....", 0n, 4, "0-4 4-8z"],
    ["........", 2n, 4, "0-2 2-6z 6-8"],
    ["......", 0n, 4, "0-4z 4-6"],
    ["........", 0n, 0, "0-8"],
  ])("finds the runs of zeroes in %s at offset %i in units of %i", (text, offset, grain, expected) => {
    const runs = findRuns(Buffer.from(text.replaceAll(".", "\0")), offset, grain);
    expect(runs.map(({ start, end, zero }) => `${start}-${end}${zero ? "z" : ""}`).join(" ")).toBe(expected);
  });
});
