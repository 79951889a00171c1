import { setImmediate } from "node:timers/promises";
import type { MaybePromise } from "../core/maybe-promise.ts";

// Rule of concurrency: handles may answer at once, and awaiting a settled promise does not return to the
// event loop. A loop over many pieces therefore yields with `setImmediate` after each {@link yieldBytes}, so
// that other requests are served in between.

/**
 * After this many bytes, {@link forEachPiece} yields to the event loop. Handles that answer at once would
 * otherwise block all other requests.
 */
export const yieldBytes: number = 16 * 1024 * 1024;

/**
 * Runs a function for each piece of a range, one after another. Large ranges take longer than clients wait,
 * so the loop ends when the client has gone, and yields to other requests in between.
 *
 * @param range the range; bytes
 * @param pieceBytes length of a piece; the last one may be shorter
 * @param signal the `signal` of the client
 * @param perform handles one piece
 * @throws what `perform` throws, and the reason of `signal`
 */
export async function forEachPiece(
  range: { readonly offset: bigint; readonly length: number },
  pieceBytes: number,
  signal: AbortSignal | undefined,
  perform: (offset: bigint, length: number) => MaybePromise<void>,
): Promise<void> {
  for (let done = 0; done < range.length; done += pieceBytes) {
    await perform(range.offset + BigInt(done), Math.min(pieceBytes, range.length - done));
    if (done % yieldBytes < pieceBytes && done >= pieceBytes) await setImmediate();
    signal?.throwIfAborted();
  }
}
