import type { BlockSize, Handle } from "../contract/handle.ts";
import { NbdError } from "../core/errors.ts";

type Method =
  | "read"
  | "write"
  | "flush"
  | "trim"
  | "zero"
  | "cache"
  | "extents"
  | "readNow"
  | "writeNow"
  | "close";

/** A handle with all methods. A method that the handle did not have does what its absence means. */
export interface CompleteHandle extends Required<Pick<Handle, Method>> {
  readonly size: bigint;
  readonly blockSize: BlockSize | undefined;
  /** The handle has its own `write`. */
  readonly canWrite: boolean;
  /** The handle has its own `flush`. */
  readonly canFlush: boolean;
}

/** Looks up the methods of a handle once, when it has been opened. */
export function completeHandle(handle: Handle): CompleteHandle {
  return {
    size: handle.size,
    blockSize: handle.blockSize,
    canWrite: handle.write !== undefined,
    canFlush: handle.flush !== undefined,
    read: handle.read.bind(handle),
    write: handle.write?.bind(handle) ?? refuse("EROFS", "the disk below cannot be written to"),
    trim: handle.trim?.bind(handle) ?? refuse("ENOTSUP", "the disk below cannot trim"),
    zero: handle.zero?.bind(handle) ?? refuse("ENOTSUP", "the plugin cannot zero quickly"),
    flush: handle.flush?.bind(handle) ?? nothing,
    cache: handle.cache?.bind(handle) ?? nothing,
    close: handle.close?.bind(handle) ?? nothing,
    extents: handle.extents?.bind(handle) ?? onlyData,
    readNow: handle.readNow?.bind(handle) ?? notNow,
    writeNow: handle.writeNow?.bind(handle) ?? notNow,
  };
}

function refuse(code: string, reason: string): () => never {
  return () => {
    throw new NbdError(code, reason);
  };
}

const nothing = (): void => {};

const notNow = (): boolean => false;

const onlyData: CompleteHandle["extents"] = (_offset, length) => [
  { length: BigInt(length), hole: false, zero: false },
];
