/** A piece of a disk in one state. Lengths are bytes; where a list begins is said beside it. */
export interface Extent {
  readonly length: bigint;
  /** Not allocated: it takes no room where the data lives. */
  readonly hole: boolean;
  /** Reads as zeroes. */
  readonly zero: boolean;
}

/** A piece of a disk in one state of a metadata context, which says what the state means. */
export interface StatusExtent {
  /** bytes */
  readonly length: bigint;
  /** The raw state: 32 bits, or 64 with extended headers. */
  readonly state: bigint;
}
