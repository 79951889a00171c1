/** A command line with the same result in nbdkit and nbdkit-node. */
export interface Case {
  readonly args: readonly string[];
  /** Words that the first line on stderr must contain in both. */
  readonly words?: readonly string[];
}
