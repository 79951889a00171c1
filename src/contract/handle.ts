import type { Extent } from "../core/extent.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { MetaContext } from "./meta-context.ts";

/**
 * An export that one client has opened: what a plugin's `open` returns and what a filter wraps
 * (nbdkit-plugin(3), "Callbacks").
 *
 * A missing method is a missing ability: without `write` the export is read-only, without `flush` it needs no
 * flushing. The server checks ranges and permissions before every call and supplies the fallbacks (zeroing by
 * writing, FUA by flushing), so a handle does neither.
 *
 * Offsets and sizes are bytes. A method answers at once or with a promise. It fails by throwing or rejecting
 * with an error whose `code` is an errno name ("ENOSPC"); the client receives any other error as EIO.
 */
export interface Handle {
  /**
   * The size of the disk in bytes; at most 2^63-1. The server reads it once, when the export has been opened.
   */
  readonly size: bigint;

  /**
   * Fills all of `into` with the bytes at `offset`. `into` is a borrowed buffer, as the data of a write is.
   */
  read(into: Uint8Array, offset: bigint): MaybePromise<void>;
  /**
   * Stores all of `from`. `from` is a borrowed buffer (nbdkit-plugin(3), ".pwrite"): it is valid until the
   * call returns or its promise settles, and other requests reuse it afterwards. Copy what you keep.
   */
  write?(from: Uint8Array, offset: bigint, flags: WriteFlags): MaybePromise<void>;
  /** Makes all writes that were acknowledged before the call safe against a power failure. */
  flush?(): MaybePromise<void>;
  /** The client does not need the data of this range any more; doing nothing is allowed. */
  trim?(offset: bigint, length: number, flags: WriteFlags): MaybePromise<void>;
  /**
   * Makes the range read as zeroes. When it throws ENOTSUP, the server writes zeroes instead; if the client
   * asked for `fastZero`, the server answers with the error.
   */
  zero?(offset: bigint, length: number, flags: ZeroFlags): MaybePromise<void>;
  /** The client will read this range soon: the plugin may load it into a cache. */
  cache?(offset: bigint, length: number): MaybePromise<void>;
  /**
   * Returns the extents of the range, from `offset` on, without gaps. The list may end early or go past the
   * range; with `requestOne` one extent is enough.
   */
  extents?(offset: bigint, length: number, requestOne: boolean): MaybePromise<readonly Extent[]>;
  /**
   * The fast path of `read`, for requests that can be answered at once without waiting, such as from a file
   * in the page cache. It fills `buffer` from `start` to `end`. When it returns false, the server sends the
   * request to `read`, and the content of those bytes is undefined. Offsets are below 2^53. Do not keep the
   * buffer.
   */
  readNow?(buffer: Uint8Array, start: number, end: number, offset: number): boolean;
  /**
   * The fast path of `write`, for writes without FUA. It stores the bytes of `buffer` from `start` to `end`.
   * They may be a part of a client's write of which the rest has not arrived yet. When it returns false, the
   * server sends the whole request to `write`.
   */
  writeNow?(buffer: Uint8Array, start: number, end: number, offset: number): boolean;
  /** The handle as plain data, from which a worker thread can make an equal handle. */
  readonly transferable?: TransferableHandle;
  /** Closes the handle. The server calls it once, after every other call has been answered. */
  close?(): MaybePromise<void>;

  /** Several connections of one client see each other's writes after a flush on any of them. Default false. */
  readonly multiConn?: boolean;
  /** The disk behaves like a spinning disk, so clients should read in order. Default false. */
  readonly rotational?: boolean;
  /** The handle honours `flags.fua`. Otherwise the server calls `flush` after the request. Default false. */
  readonly nativeFua?: boolean;
  /**
   * FUA costs a flush of the whole disk, so a filter that splits a request asks for one flush at the end.
   * Where FUA is not native, true makes the server offer FUA by flushing (without `flush`, there is nothing
   * to do), and false makes the server offer no FUA. Default: true where there is a `flush`, unless FUA is
   * native.
   */
  readonly fuaByFlushing?: boolean;
  /**
   * The handle honours `flags.fastZero`: a zero request that would be no faster than writing throws ENOTSUP.
   * Default: false; without `zero` true, because the server then refuses such requests itself.
   */
  readonly fastZero?: boolean;
  /**
   * The server writes zeroes where there is no `zero`. Default true; with false, clients are then offered no
   * zeroing.
   */
  readonly zeroByWriting?: boolean;
  /**
   * The server reads the range when the client asks to cache it. Applies only without `cache`. Default false.
   */
  readonly cacheByReading?: boolean;
  /** The block sizes that clients must or should keep to. Default: requests of any size. */
  readonly blockSize?: BlockSize;
  /** A description of the export for people; at most 4096 bytes of UTF-8. */
  readonly description?: string;
  /**
   * Names the data behind the handle: handles with the same identity are the same disk, whatever export names
   * the clients used. A filter whose content depends on the export name removes the identity. Default: each
   * export name counts as a separate disk.
   */
  readonly identity?: string;
  /**
   * The metadata contexts beside `base:allocation`, which the server derives from `extents`. The server reads
   * them once, when the export has been opened.
   */
  readonly metaContexts?: readonly MetaContext[];
}

/** For the `provides` of plugins: the members of a handle that needs no fallback of the server. */
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

/** The flags of a write or trim request. */
export interface WriteFlags {
  /** Force unit access: answer only when the data is safe against a power failure. */
  readonly fua: boolean;
}

/** The flags of a zero request. */
export interface ZeroFlags extends WriteFlags {
  /** The range may become a hole. */
  readonly mayTrim: boolean;
  /** Fail with ENOTSUP at once when zeroing would be no faster than a write. */
  readonly fastZero: boolean;
}

/** The block sizes of a disk, in bytes (doc/proto.md, "Block size constraints"). */
export interface BlockSize {
  /** Offsets and lengths are multiples of it; a power of two up to 65536. */
  readonly minimum: number;
  /** The block size that works best; a power of two from 512. */
  readonly preferred: number;
  /** The maximum length of a request with data; a multiple of `minimum`. */
  readonly maximum: number;
  /**
   * The server announces the block sizes, but also accepts requests that are not whole blocks. Default false:
   * the server refuses them.
   */
  readonly advisory?: boolean;
}

/** The changes of a filter to the handle below. A member that is `undefined` removes that ability. */
export type HandleChanges = { readonly [K in keyof Handle]?: Handle[K] | undefined };

/**
 * A handle as plain data: everything that a worker thread needs to make an equal handle. It contains only
 * descriptors, numbers and strings.
 */
export interface TransferableHandle {
  readonly kind: "memory" | "file";
  readonly data: unknown;
  /** The changes of the filters, innermost first. */
  readonly layers?: readonly TransferableLayer[];
}

/** The changes of one filter, where they contain no functions. */
export type TransferableLayer =
  | { readonly kind: "window"; readonly start: bigint; readonly size: bigint }
  | { readonly kind: "values"; readonly changes: HandleChanges };
