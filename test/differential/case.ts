/** Versions of nbdkit for which a case holds. With other versions it is skipped, and says why. */
export interface Versions {
  /** The oldest version, such as "1.40". */
  readonly since?: string;
  /** The first version that has dropped the feature. */
  readonly before?: string;
}

/** A command line with the same result in nbdkit and nbdkit-node. */
export interface Case extends Versions {
  readonly args: readonly string[];
  /** Words that the first line on stderr must contain in both. */
  readonly words?: readonly string[];
}
