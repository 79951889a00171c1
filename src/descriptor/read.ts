import { NbdError } from "../core/errors.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { native } from "../native/load.ts";

/** Above this, copying from the page cache would hold up everyone else's requests; the thread pool does it. */
const inlineBytesMax: number = 1024 * 1024;

/**
 * Fills `into` from the file: at once, and without a promise, when the page cache has it all; otherwise on
 * the thread pool.
 */
export function readFile(fd: number, into: Uint8Array, offset: bigint): MaybePromise<void> {
  const done = into.length > inlineBytesMax ? 0 : Math.max(native().preadNow(fd, into, offset), 0);
  if (done === into.length) return;
  return readRest(fd, into.subarray(done), offset + BigInt(done));
}

async function readRest(fd: number, into: Uint8Array, offset: bigint): Promise<void> {
  checkComplete(await native().preadAsync(fd, into, offset), into.length);
}

/** The size was asked when the file was opened; someone may have cut it since. */
export function checkComplete(got: number, wanted: number): void {
  if (got < wanted) throw new NbdError("EIO", "unexpected end of file: it was truncated while it was served");
}
