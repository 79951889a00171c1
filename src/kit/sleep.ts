/** Timers take 31 bits of ms; beyond that they fire at once. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Waits, but no longer than one of the signals is not aborted: a request that waits must not keep a client that has gone, or a
 * server that stops.
 *
 * ```ts
 * await sleep(100, request.signal, host.stopping);
 * ```
 *
 * @param ms how long; any number of ms, also more than the 2^31 of a timer
 * @param signals mostly the `signal` of the client and the `stopping` of the host
 * @throws the reason of the signal that was aborted
 */
export async function sleep(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  for (let left = ms; left > 0; left -= timerMsMax) {
    await wait((done) => {
      const timer = setTimeout(done, Math.min(left, timerMsMax));
      return () => clearTimeout(timer);
    }, signals);
  }
}

/**
 * Waits before a request is done. In a server that stops the request is done at once, and not given up as with {@link sleep}:
 * it may be all that is left of what a client wrote.
 * @param ms how long
 * @param gone the `signal` of the client
 * @param stopping that of the host
 * @throws the reason of `gone`
 */
export async function delayed(ms: number, gone: AbortSignal, stopping: AbortSignal): Promise<void> {
  try {
    await sleep(ms, gone, stopping);
  } catch (error) {
    if (gone.aborted) throw error;
  }
}

/**
 * Waits for an event, but no longer than one of the signals is not aborted.
 * @param begin waits for the event and then calls `done`; returns what ends the waiting, which is called in any case
 * @param signals mostly the `signal` of the client and the `stopping` of the host
 * @throws the reason of the signal that was aborted
 */
export function wait(
  begin: (done: () => void) => () => void,
  signals: readonly AbortSignal[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      stop();
      for (const signal of signals) signal.removeEventListener("abort", abort);
    };
    const abort = (): void => {
      end();
      reject(signals.find(({ aborted }) => aborted)!.reason);
    };
    const stop = begin(() => {
      end();
      resolve();
    });
    for (const signal of signals) signal.addEventListener("abort", abort);
    if (signals.some(({ aborted }) => aborted)) abort();
  });
}
