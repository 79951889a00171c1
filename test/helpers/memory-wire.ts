import type { MemoryTransport } from "./memory-transport.ts";

/** The lengths of the pieces into which a stream is cut, repeated. */
export type Cut = readonly number[];

/**
 * Connects two transports: each receives what the other sends, cut into pieces, one event-loop iteration
 * later.
 */
export function joinTransports(left: MemoryTransport, right: MemoryTransport, cut: Cut): void {
  carry(left, right, cut);
  carry(right, left, cut);
}

function carry(from: MemoryTransport, to: MemoryTransport, cut: Cut): void {
  let scheduled = false;
  let ended = false;
  let next = 0;
  const schedule = (): void => {
    if (scheduled || ended) return;
    scheduled = true;
    setImmediate(move);
  };
  const move = (): void => {
    scheduled = false;
    // No event reports `resume`, so poll.
    if (to.isPaused && !to.isClosed) {
      schedule();
      return;
    }
    const ending = from.isEnding;
    let bytes = from.take();
    while (bytes.length > 0) {
      const length = cut[next++ % cut.length] ?? bytes.length;
      to.deliver(bytes.subarray(0, length));
      bytes = bytes.subarray(length);
    }
    if (!ending) return;
    ended = true;
    to.deliverEnd();
  };
  from.onSent = schedule;
}
