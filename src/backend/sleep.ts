import { setMaxListeners } from "node:events";
import { setTimeout } from "node:timers/promises";

/** Timers take 31 bits of ms; beyond that they fire at once. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Waits, but not longer than the client is there.
 * @throws the signal's reason
 */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  // Every request of a client may wait at once, which is no leak.
  setMaxListeners(0, signal);
  for (let left = ms; left > 0; left -= timerMsMax) {
    // What it rejects with is an error of its own; whoever waits is told the reason of the signal.
    await setTimeout(Math.min(left, timerMsMax), undefined, { signal }).catch(() => {});
    signal.throwIfAborted();
  }
}
