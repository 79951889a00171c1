/**
 * The queue of bytes to send of a transport. Replies that are composed one after the other in the same buffer
 * are sent together, without memory and a system call for each. Bytes that are queued after `end` or
 * `destroy` of the transport may be dropped.
 */
export interface SendQueue {
  /**
   * Queues a reply of at most {@link composedBytesMax} bytes, which the caller now writes into `buffer`.
   * @returns its start in `buffer`
   */
  compose(bytes: number): number;
  /** The buffer for replies: valid after `compose`, until the next call of any method. */
  readonly buffer: Buffer;
  /** Removes the reply that `compose` has just queued, of this many bytes. */
  discard(bytes: number): void;
  /** Queues bytes of another buffer, which must not change until they are sent. */
  write(bytes: Buffer): void;
  /** Sends what is queued. Call it at the end of each event-loop iteration in which something was queued. */
  flush(): void;
  /**
   * True while the bytes that the peer has not accepted exceed a limit: 0 for a plain socket, 4 MiB for a
   * stream of Node. The sender then waits for `drained`; the queue itself refuses nothing.
   */
  readonly isFull: boolean;
}

/** Bytes. A larger reply gets its own buffer. */
export const composedBytesMax: number = 1024 * 1024 + 64;
