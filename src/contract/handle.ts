import type { Extent } from "../core/extent.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { MetaContext } from "./meta-context.ts";

/**
 * One client's open export: what a plugin's `open` returns and what a filter wraps (nbdkit-plugin(3), "Callbacks").
 *
 * What a handle leaves out, it cannot do: no `write` makes the export read-only, no `flush` makes
 * it one that needs no flushing. The server checks ranges and permissions before every call and
 * supplies the fallbacks (zeroing by writing, FUA by flushing), so a handle does neither.
 *
 * Offsets and sizes are bytes. A method answers at once or with a promise; it fails by throwing or rejecting with
 * an error whose `code` is an errno name ("ENOSPC"), anything else reaches the client as EIO.
 */
export interface Handle {
  /** Bytes; at most 2^63-1. Asked once, when the export has been opened. */
  readonly size: bigint;

  /** Fills all of `into` with the bytes at `offset`. It is lent for the same time as the data of a write. */
  read(into: Uint8Array, offset: bigint): MaybePromise<void>;
  /**
   * Stores all of `from`. It is only lent (nbdkit-plugin(3), ".pwrite"): its bytes are those of the client until the call
   * returns or the promise that it returned settles, and anybody's after that. What is to be kept has to be copied.
   */
  write?(from: Uint8Array, offset: bigint, flags: WriteFlags): MaybePromise<void>;
  /** Makes everything that was acknowledged before it safe against a power failure. */
  flush?(): MaybePromise<void>;
  /** The client does not need this range any more; doing nothing is allowed. */
  trim?(offset: bigint, length: number, flags: WriteFlags): MaybePromise<void>;
  /**
   * Makes the range read as zeroes. Throwing ENOTSUP makes the server write zeroes instead
   * (or tells the client, if it asked for `fastZero`).
   */
  zero?(offset: bigint, length: number, flags: ZeroFlags): MaybePromise<void>;
  /** The client will read this range soon. */
  cache?(offset: bigint, length: number): MaybePromise<void>;
  /**
   * The states of the range, from `offset` on, without gaps. It may end early or go past the range;
   * with `requestOne` one extent is enough.
   */
  extents?(offset: bigint, length: number, requestOne: boolean): MaybePromise<readonly Extent[]>;
  /**
   * The fast way for what can be answered at once and without waiting for anything, such as a file in the page cache:
   * `buffer` gets the bytes from `start` to `end`. False, with nothing promised about those bytes, sends the request
   * to `read`. Offsets are below 2^53, and the buffer is not to be kept.
   */
  readNow?(buffer: Uint8Array, start: number, end: number, offset: number): boolean;
  /**
   * The same for `write` without FUA: the export gets the bytes from `start` to `end`, which may be a part of what a client
   * writes, of which the rest is still coming. False sends the request to `write`, whole.
   */
  writeNow?(buffer: Uint8Array, start: number, end: number, offset: number): boolean;
  /** The handle as plain data, from which another thread can make one that does the same. */
  readonly transferable?: TransferableHandle;
  /** The client has gone; called once, after every other call has been answered. */
  close?(): MaybePromise<void>;

  /** Several connections of one client see each other's writes after a flush on any of them. Default false. */
  readonly multiConn?: boolean;
  /** Behaves like a spinning disk: worth reading in order. Default false. */
  readonly rotational?: boolean;
  /** `flags.fua` is honoured by this handle. Otherwise the server calls `flush` after the request. Default false. */
  readonly nativeFua?: boolean;
  /**
   * FUA costs a flush of the whole disk, so that a filter that cuts a request into pieces asks for one flush at the end.
   * Where FUA is not native, true makes the server offer it by flushing (without `flush`, there is nothing to do), false
   * makes it offer no FUA. Default: true where there is a `flush`, unless FUA is native.
   */
  readonly fuaByFlushing?: boolean;
  /**
   * `flags.fastZero` is honoured: a zero that would be no faster than writing throws ENOTSUP. Default: false, and without
   * `zero` true, as the server honours it then.
   */
  readonly fastZero?: boolean;
  /** The server writes zeroes where there is no `zero`. Default true; otherwise clients are offered no zeroing then. */
  readonly zeroByWriting?: boolean;
  /** The server reads the range when the client asks to cache it. Only without `cache`. Default false. */
  readonly cacheByReading?: boolean;
  readonly blockSize?: BlockSize;
  readonly description?: string;
  /**
   * What the bytes are in: handles with the same are the same disk, by whatever names clients asked for it. A filter that
   * shows them different things by name takes it away. Default: each export name counts as a disk of its own.
   */
  readonly identity?: string;
  /** What block status can tell beside the allocation that `extents` knows. Asked once, when the export has been opened. */
  readonly metaContexts?: readonly MetaContext[];
}

/** For the `provides` of plugins: what a disk has that leaves no request to the server. */
export const everyRequest: readonly (keyof Handle)[] = [
  "write",
  "flush",
  "trim",
  "zero",
  "extents",
  "cache",
  "nativeFua",
  "fastZero",
];

export interface WriteFlags {
  /** Force unit access: answer only when the data is safe against a power failure. */
  readonly fua: boolean;
}

export interface ZeroFlags extends WriteFlags {
  /** The range may become a hole. */
  readonly mayTrim: boolean;
  /** Fail with ENOTSUP at once rather than be no faster than a write. */
  readonly fastZero: boolean;
}

/** Bytes. `minimum` is a power of two up to 65536, `preferred` a power of two from 512, `maximum` a multiple of `minimum`. */
export interface BlockSize {
  readonly minimum: number;
  readonly preferred: number;
  readonly maximum: number;
  /** Clients are told, and served also when they send something else. Default false: the server refuses what is not whole blocks. */
  readonly advisory?: boolean;
}

/** What a filter changes of the handle below: a member that is `undefined` takes that ability away. */
export type HandleChanges = { readonly [K in keyof Handle]?: Handle[K] | undefined };

/** What a handle is, and whatever is needed to make it again in another thread; only descriptors, numbers and strings. */
export interface TransferableHandle {
  readonly kind: "memory" | "file";
  readonly data: unknown;
  /** What filters make of it, innermost first. */
  readonly layers?: readonly TransferableLayer[];
}

/** What one filter changes, where that is no function. */
export type TransferableLayer =
  | { readonly kind: "window"; readonly start: bigint; readonly size: bigint }
  | { readonly kind: "values"; readonly changes: HandleChanges };
