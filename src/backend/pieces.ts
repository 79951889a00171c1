import { setImmediate } from "node:timers/promises";
import type { MaybePromise } from "../core/maybe-promise.ts";

/** Bytes: after so many everybody else has a turn, as handles that answer at once would let nobody in between. */
export const turnBytes: number = 16 * 1024 * 1024;

/**
 * Works through a range piece by piece. It may be longer than anybody would wait for, so it ends with the client.
 * @throws the signal's reason
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
