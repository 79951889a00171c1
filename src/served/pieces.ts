import { setImmediate } from "node:timers/promises";
import type { MaybePromise } from "../core/maybe-promise.ts";

/** Bytes: after so many everybody else has a turn, as handles that answer at once would let nobody in between. */
export const turnBytes: number = 16 * 1024 * 1024;

/**
 * Works through a range piece by piece, one after another. It may be longer than a client would wait for, so it ends with the
 * client; and other requests get their turn in between, also where every piece is done at once.
 * @param range bytes
 * @param pieceBytes of a piece; the last one may be shorter
 * @param signal of the client
 * @param perform does one piece
 * @throws what `perform` throws, and the signal's reason
 */
export async function forEachPiece(
  range: { readonly offset: bigint; readonly length: number },
  pieceBytes: number,
  signal: AbortSignal | undefined,
  perform: (offset: bigint, length: number) => MaybePromise<void>,
): Promise<void> {
  for (let done = 0; done < range.length; done += pieceBytes) {
    await perform(range.offset + BigInt(done), Math.min(pieceBytes, range.length - done));
    if (done % turnBytes < pieceBytes && done >= pieceBytes) await setImmediate();
    signal?.throwIfAborted();
  }
}
