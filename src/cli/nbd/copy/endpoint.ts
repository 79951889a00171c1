import type { Extent } from "../../../core/extent.ts";

/** How many connections to use, of those that an endpoint could have. Files have as many as anybody wants. */
export const anyConnections: number = Number.POSITIVE_INFINITY;

/** Where the bytes come from. Offsets and lengths are bytes; a connection is the number of a connection, from 0. */
export interface Source {
  readonly size: bigint;
  /** The smallest unit that can be read. */
  readonly minimumBlock: number;
  readonly connectionsMax: number;
  /** Opens the other connections; the first is open. */
  openConnections(count: number): Promise<void>;
  /** Fills the buffer. */
  read(into: Buffer, offset: bigint, connection: number): Promise<void>;
  /** All of it, in order; undefined where nothing is known about holes. */
  extents(): AsyncIterable<Extent> | undefined;
  close(): Promise<void>;
  /** Lets everything under way fail. */
  destroy(): void;
}

/** A source that can only be read once, from its beginning to its end. */
export interface Stream {
  /** Blocks of this size; only the last one is shorter. */
  blocks(size: number): AsyncIterable<Buffer>;
  destroy(): void;
}

export function isStream(source: Source | Stream): source is Stream {
  return "blocks" in source;
}

/** Where the bytes go. */
export interface Destination {
  /** The user's name for it, for messages. */
  readonly name: string;
  /** What is where nothing was copied to, for messages; undefined where that does not matter. */
  readonly unwritten: string | undefined;
  /** Undefined for one that takes as many as come. */
  readonly size: bigint | undefined;
  /** The smallest unit that can be written, and the smallest worth writing alone. */
  readonly minimumBlock: number;
  readonly preferredBlock: number;
  readonly connectionsMax: number;
  /** It can only be written in order. */
  readonly sequential: boolean;
  /** Everything reads as zeroes once it is prepared. */
  readonly startsZero: boolean;
  openConnections(count: number): Promise<void>;
  /** The last step before the first write: what was there before is gone after it. */
  prepare(size: bigint | undefined): Promise<void>;
  write(bytes: Buffer, offset: bigint, connection: number): Promise<void>;
  /**
   * Makes a range read as zeroes without writing them.
   * @param allocate keep room for it
   * @returns false where that is not possible: write zeroes then
   */
  zero(offset: bigint, length: bigint, allocate: boolean, connection: number): Promise<boolean>;
  flush(): Promise<void>;
  /** @param size bytes copied */
  finish(size: bigint): Promise<void>;
  destroy(): void;
}
