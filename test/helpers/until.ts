import { setImmediate, setTimeout } from "node:timers/promises";

/** Enough for a loaded machine, and less than the time limit of a test, so that the error names the condition. */
const waitsAtMostMs = 30_000;

/** A condition inside this process usually holds after a few event-loop iterations. */
const looksAtOnce = 10;

/**
 * Polls for a value other than false, undefined, NaN and 0. Use it where no event reports the change.
 * @param what what the test waits for, for the error
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  atMostMs: number = waitsAtMostMs,
): Promise<NonNullable<T>> {
  const end = performance.now() + atMostMs;
  for (let looks = 0; performance.now() < end; looks++) {
    const value = await look();
    if (value) return value;
    await (looks < looksAtOnce ? setImmediate() : setTimeout(10));
  }
  throw new Error(`waited ${atMostMs / 1000} s in vain for ${what}`);
}
