import { expect } from "vitest";
import type { ServedExport } from "../../src/served/served-export.ts";
import { Random } from "../../src/testing/random.ts";

/**
 * Many parallel requests to one disk, over several handles. No two requests touch the same bytes, so the
 * result does not depend on their order. Ranges often meet in the middle of a block.
 */
export async function crowd(disks: readonly ServedExport[], expected: Buffer, seed: number): Promise<void> {
  const random = new Random(seed);
  const work: Promise<void>[] = [];
  for (let at = 0; at < expected.length; ) {
    const length = Math.min(random.between(1, 3000), expected.length - at);
    work.push(change(random.pick(disks), expected, at, length, random));
    at += length;
  }
  await Promise.all(work);
  for (const disk of disks) {
    const bytes = Buffer.alloc(expected.length);
    await disk.read(bytes, 0n);
    expect(bytes.equals(expected)).toBe(true);
  }
}

async function change(
  disk: ServedExport,
  expected: Buffer,
  at: number,
  length: number,
  random: Random,
): Promise<void> {
  const part = expected.subarray(at, at + length);
  const offset = BigInt(at);
  const fua = random.oneIn(4) && disk.canFua;
  if (disk.canZero && random.oneIn(4)) {
    part.fill(0);
    await disk.zero(offset, length, { fua, mayTrim: random.oneIn(2), fastZero: false });
  } else if (random.oneIn(3)) {
    if (disk.canFlush && random.oneIn(3)) await disk.flush();
    if (disk.canCache) await disk.cache(offset, length);
  } else {
    random.bytes(length).copy(part);
    await disk.write(Buffer.from(part), offset, fua);
  }
  const bytes = Buffer.alloc(length);
  await disk.read(bytes, offset);
  expect(bytes.equals(part)).toBe(true);
}
