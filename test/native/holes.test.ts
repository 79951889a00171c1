import { fstatSync, readSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { native } from "../../src/native/load.ts";
import { temporaryFile } from "./temporary.ts";

const { features, nextData, nextDataAsync, nextHole, nextHoleAsync } = native();
const { punchHole, punchHoleAsync, zeroRange, zeroRangeAsync, setSize } = native();

// Larger than the block size of any file system, so that holes are visible.
const piece = 1024 * 1024;
const at = (pieces: number): bigint => BigInt(pieces * piece);

const fourPieces = () => temporaryFile(Buffer.alloc(4 * piece, "x"));

function byteAt(fd: number, offset: bigint): number {
  const into = Buffer.alloc(1);
  readSync(fd, into, 0, 1, offset);
  return into[0]!;
}

describe.runIf(features.punchHole)("punching a hole", () => {
  it.each([
    ["at once", async (fd: number) => punchHole(fd, at(1), at(1))],
    ["in the thread pool", (fd: number) => punchHoleAsync(fd, at(1), at(1))],
  ])("zeroes the range, frees its blocks and keeps the size (%s)", async (_how, punch) => {
    using file = fourPieces();
    const blocksBefore = fstatSync(file.fd).blocks;
    await punch(file.fd);

    expect([at(1) - 1n, at(1), at(2) - 1n, at(2)].map((offset) => byteAt(file.fd, offset))).toEqual([
      120, 0, 0, 120,
    ]);
    expect(fstatSync(file.fd).size).toBe(4 * piece);
    expect(fstatSync(file.fd).blocks).toBeLessThan(blocksBefore);
  });

  it("does not grow the file when the range passes its end", () => {
    using file = fourPieces();
    punchHole(file.fd, at(3), at(100));
    expect(fstatSync(file.fd).size).toBe(4 * piece);
    expect(byteAt(file.fd, at(3))).toBe(0);
  });
});

describe.runIf(features.zeroRange)("zeroing a range", () => {
  it.each([
    ["at once", async (fd: number) => zeroRange(fd, at(1), at(1))],
    ["in the thread pool", (fd: number) => zeroRangeAsync(fd, at(1), at(1))],
  ])("zeroes the range and keeps it allocated (%s)", async (_how, zero) => {
    using file = fourPieces();
    await zero(file.fd);
    expect([at(1) - 1n, at(1), at(2) - 1n, at(2)].map((offset) => byteAt(file.fd, offset))).toEqual([
      120, 0, 0, 120,
    ]);
    expect(fstatSync(file.fd).blocks * 512).toBeGreaterThanOrEqual(4 * piece);
  });

  it("also allocates a hole of a memory file, for which the kernel has no call", () => {
    const fd = native().createMemoryFile("test");
    setSize(fd, at(4));
    zeroRange(fd, at(1), at(1));
    expect(fstatSync(fd).blocks * 512).toBe(piece);
    expect(fstatSync(fd).size).toBe(4 * piece);
    native().closeDescriptor(fd);
  });
});

describe.runIf(features.extents && features.punchHole)("looking for extents", () => {
  it("finds where data and holes begin", async () => {
    using file = fourPieces();
    punchHole(file.fd, at(1), at(1));

    expect(nextData(file.fd, 0n)).toBe(0n);
    expect(nextHole(file.fd, 0n)).toBe(at(1));
    expect(nextData(file.fd, at(1))).toBe(at(2));
    expect(await nextDataAsync(file.fd, at(1) + 5n)).toBe(at(2));
    expect(await nextHoleAsync(file.fd, at(1) + 5n)).toBe(at(1) + 5n);
  });

  it("reports the end of the file as a hole, and no extent past it", async () => {
    using file = fourPieces();
    expect(nextHole(file.fd, at(3))).toBe(at(4));
    expect(nextHole(file.fd, at(5))).toBe(-1n);
    expect(await nextHoleAsync(file.fd, at(5))).toBe(-1n);
    expect(nextData(file.fd, at(4))).toBe(-1n);

    setSize(file.fd, at(8));
    expect(nextData(file.fd, at(4)), "only a hole up to the end").toBe(-1n);
    expect(await nextDataAsync(file.fd, at(4))).toBe(-1n);
  });
});
