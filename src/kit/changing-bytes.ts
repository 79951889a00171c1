import type { Handle, HandleChanges } from "../contract/handle.ts";
import { isPromise } from "../core/maybe-promise.ts";
import { applyChanges } from "./apply-changes.ts";

/**
 * Changes bytes in place.
 *
 * @param bytes what to change; the function may write to them
 * @param offset where the bytes are on the disk
 */
export type ChangeBytes = (bytes: Uint8Array, offset: bigint) => void;

type ChangedReads = Pick<Handle, "read"> & Pick<HandleChanges, "readNow">;
type FlippedBytes = ChangedReads & Pick<HandleChanges, "write" | "writeNow">;

/** The fast path writes up to this many bytes, because it needs a buffer for them; bytes. */
const nowBytesMax = 64 * 1024;

/** Returns the changes of a filter that changes the bytes of each read. */
export function changingReads(next: Handle, change: ChangeBytes): ChangedReads {
  const { read, readNow } = applyChanges(next, {});
  return {
    read(into, offset) {
      const done = read(into, offset);
      if (isPromise(done)) return done.then(() => change(into, offset));
      change(into, offset);
    },
    readNow:
      readNow &&
      ((buffer, start, end, offset) => {
        if (!readNow(buffer, start, end, offset)) return false;
        change(buffer.subarray(start, end), BigInt(offset));
        return true;
      }),
  };
}

/**
 * Returns the changes to reads and writes of a filter that stores all bytes in another form.
 *
 * @param flip converts to the other form, and back when it is called again
 */
export function flippingBytes(next: Handle, flip: ChangeBytes): FlippedBytes {
  const { write } = applyChanges(next, {});
  return {
    ...changingReads(next, flip),
    write:
      write &&
      ((from, offset, flags) => {
        const flipped = Buffer.from(from);
        flip(flipped, offset);
        return write(flipped, offset, flags);
      }),
    writeNow: writingNow(next, flip),
  };
}

/** Flips a copy: the bytes belong to the caller, which sends them to `write` when the result is false. */
function writingNow(next: Handle, flip: ChangeBytes): Handle["writeNow"] {
  const { writeNow } = applyChanges(next, {});
  if (writeNow === undefined) return undefined;
  let scratch = Buffer.alloc(0);
  return (buffer, start, end, offset) => {
    const length = end - start;
    if (length > nowBytesMax) return false;
    if (scratch.length < length) scratch = Buffer.allocUnsafeSlow(length);
    scratch.set(buffer.subarray(start, end));
    flip(scratch.subarray(0, length), BigInt(offset));
    return writeNow(scratch, 0, length, offset);
  };
}
