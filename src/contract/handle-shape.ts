import { aBoolean, aFunction, anObject, anything, aString, type Kind } from "../core/kinds.ts";
import type { Shape } from "../core/shape.ts";
import type { BlockSize, Handle } from "./handle.ts";
import type { MetaContext } from "./meta-context.ts";

const aSize: Kind = {
  name: "a bigint from 0 to 2^63-1",
  accepts: (value) => typeof value === "bigint" && value >= 0n && value < 2n ** 63n,
};

/** The members that a handle may have. */
export const handleShape: Shape<Handle> = {
  size: aSize,
  read: aFunction,
  write: aFunction,
  flush: aFunction,
  trim: aFunction,
  zero: aFunction,
  cache: aFunction,
  extents: aFunction,
  readNow: aFunction,
  writeNow: aFunction,
  transferable: anObject,
  close: aFunction,
  multiConn: aBoolean,
  rotational: aBoolean,
  nativeFua: aBoolean,
  fuaByFlushing: aBoolean,
  fastZero: aBoolean,
  zeroByWriting: aBoolean,
  cacheByReading: aBoolean,
  blockSize: anything,
  description: aString,
  identity: aString,
  metaContexts: anything,
};

// `Object.keys` returns strings; these are the keys of a `Shape<Handle>`.
export const handleMembers: readonly (keyof Handle)[] = Object.keys(handleShape) as (keyof Handle)[];

/** `checkBlockSize` checks the values together. */
export const blockSizeShape: Shape<BlockSize> = {
  minimum: anything,
  preferred: anything,
  maximum: anything,
  advisory: aBoolean,
};

export const metaContextShape: Shape<MetaContext> = { name: aString, wide: aBoolean, status: aFunction };
