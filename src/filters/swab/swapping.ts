import type { Handle, HandleChanges } from "../../contract/handle.ts";
import { must } from "../../core/assert.ts";
import { NbdError } from "../../core/errors.ts";
import { applyChanges } from "../../kit/apply-changes.ts";
import { type ChangeBytes, flippingBytes } from "../../kit/changing-bytes.ts";
import { ServedExport } from "../../served/served-export.ts";

/**
 * Returns the changes of a filter that swaps the bytes of each word. Requests that are not whole words fail:
 * the server and other filters send none, unless blocksize-policy lets a client send them.
 */
export function swapping(next: Handle, wordBytes: number): HandleChanges {
  const { trim, zero, cache } = applyChanges(next, {});
  // Extents of the disk may begin and end inside a word; these consist of whole words.
  const served = new ServedExport(next, true);
  const { read, readNow, write, writeNow } = flippingBytes(next, must(flips[wordBytes]));
  const check = (offset: bigint, length: number): void => {
    if (offset % BigInt(wordBytes) === 0n && length % wordBytes === 0) return;
    throw new NbdError(
      "EINVAL",
      `swab: requests to this filter must be aligned: use multiples of ${wordBytes} bytes, or --filter=blocksize before --filter=swab`,
    );
  };
  const isWhole = (offset: number, length: number): boolean =>
    offset % wordBytes === 0 && length % wordBytes === 0;
  return {
    read(into, offset) {
      check(offset, into.length);
      return read(into, offset);
    },
    readNow:
      readNow &&
      ((buffer, start, end, offset) => isWhole(offset, end - start) && readNow(buffer, start, end, offset)),
    write:
      write &&
      ((from, offset, flags) => {
        check(offset, from.length);
        return write(from, offset, flags);
      }),
    writeNow:
      writeNow &&
      ((buffer, start, end, offset) => isWhole(offset, end - start) && writeNow(buffer, start, end, offset)),
    trim:
      trim &&
      ((offset, length, flags) => {
        check(offset, length);
        return trim(offset, length, flags);
      }),
    zero:
      zero &&
      ((offset, length, flags) => {
        check(offset, length);
        return zero(offset, length, flags);
      }),
    cache:
      cache &&
      ((offset, length) => {
        check(offset, length);
        return cache(offset, length);
      }),
    extents:
      next.extents &&
      ((offset, length, requestOne) => {
        check(offset, length);
        return served.extents(offset, length, requestOne);
      }),
  };
}

const swapped =
  (swap: (words: Buffer) => void): ChangeBytes =>
  ({ buffer, byteOffset, length }) => {
    swap(Buffer.from(buffer, byteOffset, length));
  };

const flips: Readonly<Record<number, ChangeBytes>> = {
  2: swapped((words) => words.swap16()),
  4: swapped((words) => words.swap32()),
  8: swapped((words) => words.swap64()),
};
