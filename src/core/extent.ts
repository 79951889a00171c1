/** A range of a disk with one allocation state. An extent has no offset: extents follow each other in a list. */
export interface Extent {
  /** bytes */
  readonly length: bigint;
  /** The range is not allocated: it takes no storage. */
  readonly hole: boolean;
  /** The range reads as zeroes. */
  readonly zero: boolean;
}

/** A range of a disk with one state of a metadata context, which defines what the state means. */
export interface StatusExtent {
  /** bytes */
  readonly length: bigint;
  /** The raw state: 32 bits, or 64 with extended headers. */
  readonly state: bigint;
}

/** Whether a line of a list of extents holds none: blank lines and lines that begin with # are comments. */
export function isComment(line: string): boolean {
  return /^\s*(#|$)/.test(line);
}
