import type { Handle } from "../../contract/handle.ts";

/** The parameters of the command line, in bytes. */
export interface Wanted {
  readonly minblock: bigint | undefined;
  readonly maxdata: bigint | undefined;
  readonly maxlen: bigint | undefined;
}

/** The limits of the requests that the filter passes on, in bytes. */
export interface Limits {
  readonly minblock: number;
  readonly maxdata: number;
  readonly maxlen: number;
}

/** nbdkit's limit for reads and writes, in bytes. */
const dataMax = 64 * 1024 * 1024;
/** Most lengths in the NBD protocol have 32 bits. */
const lengthEnd = 2 ** 32;

export function limitsFor({ blockSize }: Handle, wanted: Wanted): Limits {
  const minblock = Math.max(Number(wanted.minblock ?? 1n), blockSize?.minimum ?? 1);
  const maxlen = Number(wanted.maxlen ?? BigInt(lengthEnd - minblock));
  const maxdata = Math.min(
    Number(wanted.maxdata ?? BigInt(Math.min(maxlen, dataMax))),
    blockSize?.maximum ?? dataMax,
  );
  return { minblock, maxdata: wholeBlocks(maxdata, minblock), maxlen: wholeBlocks(maxlen, minblock) };
}

/** Rounds down to whole blocks, but to at least one block: the minimum of the disk may exceed the limit. */
function wholeBlocks(bytes: number, minblock: number): number {
  return Math.max(bytes - (bytes % minblock), minblock);
}
