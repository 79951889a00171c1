import { NbdError } from "../core/errors.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";

/** Reads a range of a disk, as the method of a handle does. */
export type Read = (into: Uint8Array, offset: bigint) => MaybePromise<void>;

/**
 * Lets a write of what the disk holds already succeed, and any other fail: for disks with a fixed content,
 * which test programs that copy.
 *
 * @throws NbdError EIO for other bytes
 */
export async function checkWrite(read: Read, from: Uint8Array, offset: bigint): Promise<void> {
  const expected = Buffer.allocUnsafe(from.length);
  await read(expected, offset);
  if (!expected.equals(from)) throw new NbdError("EIO", "data written does not match expected");
}
