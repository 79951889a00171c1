import { setImmediate } from "node:timers/promises";
import type { Handle } from "../../src/contract/handle.ts";

/** The size of a sector in bytes. */
export const sector = 512;

/** A disk in a buffer, whose holes are sectors of zeroes. It answers at once. */
export function sectorDisk(
  bytes: Buffer,
): Handle & Required<Pick<Handle, "write" | "zero" | "trim" | "extents">> {
  const part = (offset: bigint, length: number): Buffer =>
    bytes.subarray(Number(offset), Number(offset) + length);
  return {
    size: BigInt(bytes.length),
    read: (into, offset) => void into.set(part(offset, into.length)),
    write: (from, offset) => void part(offset, from.length).set(from),
    flush: () => {},
    trim: (offset, length) => void part(offset, length).fill(0),
    zero: (offset, length) => void part(offset, length).fill(0),
    cache: () => {},
    extents: (offset, length) => extentsOf(bytes, Number(offset), length),
    nativeFua: true,
    fastZero: true,
  };
}

function extentsOf(
  bytes: Buffer,
  offset: number,
  length: number,
): { length: bigint; hole: boolean; zero: boolean }[] {
  const found = [];
  for (let at = offset; at < offset + length; at += sector - (at % sector)) {
    const start = at - (at % sector);
    const zero = bytes.subarray(start, start + sector).every((byte) => byte === 0);
    found.push({ length: BigInt(start + sector - at), hole: zero, zero });
  }
  return found;
}

/** Lets all other due work run first. */
export async function pause(): Promise<void> {
  await setImmediate();
}
