import { setTimeout } from "node:timers/promises";

/** In ms. Long enough for a loaded machine, and shorter than the time limit of a test, so that its error names the condition. */
const waitsAtMostMs = 30_000;

/**
 * Polls for a value other than false, undefined, NaN and 0. Use it where no event tells of the change.
 * @param what what the test waits for, for the error
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  atMostMs: number = waitsAtMostMs,
): Promise<NonNullable<T>> {
  for (const end = performance.now() + atMostMs; performance.now() < end; await setTimeout(10)) {
    const value = await look();
    if (value) return value;
  }
  throw new Error(`waited ${atMostMs / 1000} s in vain for ${what}`);
}
