/**
 * Where an engine puts what it sends. Replies that are composed one after the other in the same buffer leave together,
 * and cost neither memory nor a system call each.
 */
export interface SendQueue {
  /** Makes room for a reply of at most {@link composedBytesMax}. @returns where it begins in `buffer` */
  compose(bytes: number): number;
  /** Where replies are composed: valid after `compose`, until the next call of any method. */
  readonly buffer: Buffer;
  /** What `compose` made room for is there, and is sent after all that was put here before. */
  composed(bytes: number): void;
  /** The same for bytes that lie elsewhere, which must stay untouched. */
  write(bytes: Buffer): void;
  /** Nothing more follows for now. Each turn of the loop in which something was put here ends with it. */
  flush(): void;
  /** The peer has much to take first. Whoever sends waits for `drained`. */
  readonly isFull: boolean;
}

/** Bytes. More than this is worth a buffer of its own. */
export const composedBytesMax: number = 1024 * 1024 + 64;
