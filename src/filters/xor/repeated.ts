import type { ChangeBytes } from "../../kit/changing-bytes.ts";

/** The largest value that can be repeated; bytes. */
export const valueBytesMax = 8;

/**
 * Returns a flip that XORs the whole disk with a value, which is repeated from the start of the disk on.
 *
 * @param value 0 to 2^64-1; only its last bytes count
 * @param length how many of its bytes count; 1 to 8
 */
export function repeated(value: bigint, length: number): ChangeBytes {
  const bytes = Buffer.alloc(valueBytesMax);
  bytes.writeBigUInt64BE(value);
  // Whole words of 4 bytes, and then enough to take a word from each place.
  const period = 4 * length;
  const key = new DataView(new ArrayBuffer(period + 4));
  for (let at = 0; at < key.byteLength; at++) {
    key.setUint8(at, bytes.readUInt8(valueBytesMax - length + (at % length)));
  }
  return ({ buffer, byteOffset, length: end }, offset) => {
    const view = new DataView(buffer, byteOffset, end);
    let place = Number(offset % BigInt(length));
    let at = 0;
    for (; at + 4 <= end; at += 4) {
      view.setInt32(at, view.getInt32(at) ^ key.getInt32(place));
      place = place + 4 < period ? place + 4 : place + 4 - period;
    }
    for (; at < end; at++) {
      view.setUint8(at, view.getUint8(at) ^ key.getUint8(place));
      place++;
    }
  };
}
