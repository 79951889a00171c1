import type { MemoryTransport } from "./memory-transport.ts";

/** How a stream is cut on its way: the lengths of the pieces, over and over. */
export type Cut = readonly number[];

/** Joins two ends of a connection: what one sends the other receives, cut as wanted, a turn of the event loop later. */
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
    // Nobody tells when it is resumed, so look again.
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
