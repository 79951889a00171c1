/** A piece of a disk in one state. Lengths are bytes; where a list begins is said beside it. */
export interface Extent {
  readonly length: bigint;
  /** Not allocated: it takes no room where the data lives. */
  readonly hole: boolean;
  /** Reads as zeroes. */
  readonly zero: boolean;
}
