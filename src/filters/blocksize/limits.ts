import type { Handle } from "../../contract/handle.ts";

/** What the command line says; bytes. */
export interface Wanted {
  readonly minblock: bigint | undefined;
  readonly maxdata: bigint | undefined;
  readonly maxlen: bigint | undefined;
}

/** What requests that are passed on keep to; bytes. */
export interface Limits {
  readonly minblock: number;
  readonly maxdata: number;
  readonly maxlen: number;
}

/** nbdkit's own limit for reads and writes. */
const dataMax = 64 * 1024 * 1024;
/** Lengths have 32 bits in most of NBD. */
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

/** The blocks of the disk may be larger than anybody expected; one is always passed on. */
function wholeBlocks(bytes: number, minblock: number): number {
  return Math.max(bytes - (bytes % minblock), minblock);
}
