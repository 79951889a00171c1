import type { Handle, HandleChanges } from "../../contract/handle.ts";
import type { MetaContext } from "../../contract/meta-context.ts";
import { NbdError } from "../../core/errors.ts";
import { isPromise, type MaybePromise } from "../../core/maybe-promise.ts";
import { isAllZero } from "../../core/zero-runs.ts";
import { applyChanges } from "../../kit/apply-changes.ts";
import { clipExtents, clipStatus, lengthOf } from "../../served/extents.ts";

/** The handle changes of a filter that makes a disk longer. The tail is zeroes and is stored nowhere. */
export function lengthened(next: Handle, size: bigint): HandleChanges {
  const { read, write, trim, cache } = applyChanges(next, {});
  const there = (offset: bigint, length: number): number => realPart(next, offset, length);
  return {
    size,
    ...nowBelow(next),
    read(into, offset) {
      const real = there(offset, into.length);
      into.fill(0, real);
      return real === 0 ? undefined : read(into.subarray(0, real), offset);
    },
    write:
      write &&
      ((from, offset, flags) => {
        const real = there(offset, from.length);
        if (!isAllZero(from.subarray(real))) throw beyondEnd();
        return real === 0 ? undefined : write(from.subarray(0, real), offset, flags);
      }),
    trim:
      trim &&
      ((offset, length, flags) => {
        const real = there(offset, length);
        return real === 0 ? undefined : trim(offset, real, flags);
      }),
    ...zeroing(next),
    cache:
      cache &&
      ((offset, length) => {
        const real = there(offset, length);
        return real === 0 ? undefined : cache(offset, real);
      }),
    ...describing(next),
  };
}

function beyondEnd(): NbdError {
  return new NbdError(
    "ENOSPC",
    "truncate: write beyond end of underlying device: only zeroes can be written there",
  );
}

/** The number of bytes of a range before the tail. */
function realPart({ size }: Handle, offset: bigint, length: number): number {
  const left = size > offset ? size - offset : 0n;
  return left < length ? Number(left) : length;
}

/** Fast zero is always offered, because zeroing the tail is fast. */
function zeroing(next: Handle): HandleChanges {
  const { write, zero, zeroByWriting, fastZero } = applyChanges(next, {});
  if (write === undefined || (zero === undefined && zeroByWriting === false)) return {};
  return {
    fastZero: true,
    zero(offset, length, flags) {
      const real = realPart(next, offset, length);
      if (real === 0) return;
      if (zero !== undefined && (!flags.fastZero || fastZero === true)) return zero(offset, real, flags);
      throw new NbdError("ENOTSUP", "the disk below cannot zero quickly");
    },
  };
}

/** Appends the tail to the extents of the disk below, so that an answer can cover a block at the boundary. */
function describing(next: Handle): HandleChanges {
  const { extents, metaContexts } = applyChanges(next, {});
  return {
    extents(offset, length, requestOne) {
      const real = realPart(next, offset, length);
      const tail = { length: BigInt(length - real), hole: true, zero: true };
      if (real === 0) return [tail];
      if (extents === undefined) return [{ length: BigInt(real), hole: false, zero: false }, tail];
      const range = { length: BigInt(real), block: 1n, requestOne };
      return then(extents(offset, real, requestOne), (found) => {
        const clipped = clipExtents(found, range);
        return lengthOf(clipped) === range.length ? [...clipped, tail] : clipped;
      });
    },
    metaContexts: metaContexts?.map((context) => untilTail(next, context)),
  };
}

function untilTail(next: Handle, context: MetaContext): MetaContext {
  return {
    ...context,
    status(offset, length, requestOne) {
      const real = realPart(next, offset, length);
      // The tail has no state in this context; 0 means no information.
      if (real === 0) return [{ length: BigInt(length), state: 0n }];
      const range = { length: BigInt(real), block: 1n, requestOne };
      return then(context.status(offset, real, requestOne), (found) => clipStatus(found, range));
    },
  };
}

function then<T>(value: MaybePromise<T>, change: (value: T) => T): MaybePromise<T> {
  return isPromise(value) ? value.then(change) : change(value);
}

function nowBelow(next: Handle): HandleChanges {
  const { readNow, writeNow } = applyChanges(next, {});
  const isBelow = (length: number, offset: number): boolean => BigInt(offset) + BigInt(length) <= next.size;
  return {
    readNow:
      readNow &&
      ((buffer, start, end, offset) => isBelow(end - start, offset) && readNow(buffer, start, end, offset)),
    writeNow:
      writeNow &&
      ((buffer, start, end, offset) => isBelow(end - start, offset) && writeNow(buffer, start, end, offset)),
  };
}
