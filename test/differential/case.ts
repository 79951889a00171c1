/** Command lines on which nbdkit and we must agree. */
export interface Case {
  readonly args: readonly string[];
  /** What the first line on stderr must contain, on both sides. */
  readonly words?: readonly string[];
}
