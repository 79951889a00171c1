import { NbdError } from "../core/errors.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { native } from "../native/load.ts";

/**
 * A read of more bytes runs on the thread pool: copying it would block the event loop and delay other
 * requests.
 */
const inlineBytesMax: number = 1024 * 1024;

/**
 * Fills `into` from the file. Returns without a promise when the page cache has all the data; otherwise the
 * thread pool reads the rest.
 */
export function readFile(fd: number, into: Uint8Array, offset: bigint): MaybePromise<void> {
  const done = into.length > inlineBytesMax ? 0 : Math.max(native().preadNow(fd, into, offset), 0);
  if (done === into.length) return;
  return readRest(fd, into.subarray(done), offset + BigInt(done));
}

async function readRest(fd: number, into: Uint8Array, offset: bigint): Promise<void> {
  checkComplete(await native().preadAsync(fd, into, offset), into.length);
}

/**
 * Fails a short read. The size was read when the file was opened, and another process may have truncated it
 * since.
 */
export function checkComplete(got: number, wanted: number): void {
  if (got < wanted) throw new NbdError("EIO", "unexpected end of file: it was truncated while it was served");
}
