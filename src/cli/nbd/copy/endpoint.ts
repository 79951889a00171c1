import type { Extent } from "../../../core/extent.ts";

/** The `connectionsMax` of endpoints without a limit, such as files. */
export const anyConnections: number = Number.POSITIVE_INFINITY;

/**
 * A source with random access. Offsets and lengths are bytes; `connection` is the index of a connection, from
 * 0.
 */
export interface Source {
  readonly size: bigint;
  /** Offsets and lengths of reads must be multiples of this number of bytes. */
  readonly minimumBlock: number;
  readonly connectionsMax: number;
  /** Opens the remaining connections; the first connection is open already. */
  openConnections(count: number): Promise<void>;
  /** Fills the buffer. */
  read(into: Buffer, offset: bigint, connection: number): Promise<void>;
  /** Yields the extents of the whole source, in order; undefined when the source does not report holes. */
  extents(): AsyncIterable<Extent> | undefined;
  close(): Promise<void>;
  /** Makes all pending operations fail. */
  destroy(): void;
}

/** A source that is read once, sequentially. */
export interface Stream {
  /** Yields blocks of this size in bytes; only the last block may be shorter. */
  blocks(size: number): AsyncIterable<Buffer>;
  destroy(): void;
}

export function isStream(source: Source | Stream): source is Stream {
  return "blocks" in source;
}

/** A destination of a copy. */
export interface Destination {
  /** The name on the command line, for messages. */
  readonly name: string;
  /** For messages: the contents of the part that is not copied yet; undefined when no contents are kept. */
  readonly unwritten: string | undefined;
  /** Size in bytes; undefined for a destination without a fixed size. */
  readonly size: bigint | undefined;
  /** Offsets and lengths of writes must be multiples of this number of bytes. */
  readonly minimumBlock: number;
  /** The smallest number of bytes that is efficient to write. */
  readonly preferredBlock: number;
  readonly connectionsMax: number;
  /** The destination can only be written in order. */
  readonly sequential: boolean;
  /** The whole destination reads as zeroes after `prepare`. */
  readonly startsZero: boolean;
  openConnections(count: number): Promise<void>;
  /** Called before the first write. Discards the previous contents where the destination supports that. */
  prepare(size: bigint | undefined): Promise<void>;
  write(bytes: Buffer, offset: bigint, connection: number): Promise<void>;
  /**
   * Makes a range read as zeroes without writing them.
   * @param allocate keep the range allocated
   * @returns false when the destination does not support this: then the caller writes zeroes
   */
  zero(offset: bigint, length: bigint, allocate: boolean, connection: number): Promise<boolean>;
  flush(): Promise<void>;
  /** @param size bytes copied */
  finish(size: bigint): Promise<void>;
  destroy(): void;
}
