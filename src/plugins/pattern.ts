import type { Handle } from "../contract/handle.ts";
import { type Parameter, size } from "../contract/parameter.ts";
import { definePlugin, type Plugin } from "../contract/plugin.ts";
import { parseInteger } from "../core/values.ts";
import { checkWrite, type Read } from "../kit/check-write.ts";

/** The size of a number in bytes. */
const numberBytes = 8n;

/** What is XORed into the highest 16 bits of each number. */
const upper: Parameter<number> & { readonly default: number } = {
  parse: (text, key) =>
    text === "random" ? 1 + Math.floor(Math.random() * 0xffff) : parseInteger(key, text, 0, 0xffff),
  placeholder: "N|random",
  accepts: "0 to 65535, or random for one from 1 to 65535",
  help: "XOR this with the highest 16 bits of each number",
  default: 0,
};

/**
 * A disk on which every eight bytes contain their own offset, as a 64-bit big-endian number
 * (nbdkit-pattern-plugin(1)). A write succeeds only if it changes nothing.
 */
const pattern: Plugin = definePlugin({
  name: "pattern",
  longname: "nbdkit pattern plugin",
  description: "Every eight bytes contain their offset; writing checks that they are the same",
  parameters: {
    size: size({ required: true, help: "Size of the disk" }),
    stride: size({
      min: numberBytes,
      powerOfTwo: true,
      default: numberBytes,
      help: "Distance of the numbers; the bytes between them are zero",
    }),
    upper,
  },
  magicKey: "size",
  provides: ["write", "multiConn", "cache"],
  configComplete({ size, stride, upper }): Handle {
    const read: Read = (into, offset) => fill(into, offset, stride, upper);
    const write: Handle["write"] = (from, offset) => checkWrite(read, from, offset);
    return { size, multiConn: true, cache: () => {}, read, write };
  },
  // All clients share one disk, which has no state.
  open: (disk) => disk,
});

export default pattern;

/** Fills a buffer with the bytes of the disk from `offset`. */
function fill(into: Uint8Array, offset: bigint, stride: bigint, upper: number): void {
  if (stride > numberBytes) into.fill(0);
  const before = offset % stride;
  if (before > 0n) placeNumber(into, -before, offset - before, upper);
  const first = before > 0n ? stride - before : 0n;
  if (first >= into.length) return;
  const next = writeNumbers(into, Number(first), offset + first, Number(stride), upper);
  if (next < into.length) placeNumber(into, BigInt(next), offset + BigInt(next), upper);
}

/**
 * Writes the numbers that fit, each as two 32-bit halves: bigint arithmetic is ten times slower.
 *
 * @param from the index of the first number, whose offset on the disk is `offset`
 * @returns the index of the next number
 */
function writeNumbers(into: Uint8Array, from: number, offset: bigint, stride: number, upper: number): number {
  const bytes = new DataView(into.buffer, into.byteOffset, into.length);
  const high16 = upper * 2 ** 16;
  let high = Number(offset >> 32n);
  let low = Number(offset & 0xffff_ffffn);
  let at = from;
  for (; at + 8 <= into.length; at += stride) {
    bytes.setUint32(at, high ^ high16);
    bytes.setUint32(at + 4, low);
    low += stride;
    if (low < 2 ** 32) continue;
    low -= 2 ** 32;
    high++;
  }
  return at;
}

/** Writes the part of a number that is inside the buffer. The number begins at index `at`, maybe before it. */
function placeNumber(into: Uint8Array, at: bigint, offset: bigint, upper: number): void {
  if (at <= -numberBytes) return;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(offset ^ (BigInt(upper) << 48n));
  const index = Number(at);
  const part = bytes.subarray(Math.max(0, -index), Math.max(0, into.length - index));
  into.set(part, Math.max(0, index));
}
