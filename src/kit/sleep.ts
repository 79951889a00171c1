/** The maximum of a timer in ms; Node fires a longer timer at once. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Waits, but only until one of the signals is aborted. A waiting request must not keep a client that has
 * disconnected, or a server that stops.
 *
 * ```ts
 * await sleep(100, request.signal, host.stopping);
 * ```
 *
 * @param ms how long; may exceed the 2^31 ms of a timer
 * @param signals usually the `signal` of the client and the `stopping` of the host
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
 * Waits before a request runs. When the server stops, the wait ends and the request runs; {@link sleep} would
 * fail it instead. The request may carry the client's last written data.
 *
 * @param ms how long
 * @param gone the `signal` of the client
 * @param stopping the `stopping` of the host
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
 * Waits for an event, but only until one of the signals is aborted.
 *
 * @param begin starts to wait for the event, and calls `done` when it happens; returns a function that ends
 *   the waiting, which is always called
 * @param signals usually the `signal` of the client and the `stopping` of the host
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
      reject(signals.find(({ aborted }) => aborted)?.reason);
    };
    const stop = begin(() => {
      end();
      resolve();
    });
    for (const signal of signals) signal.addEventListener("abort", abort);
    if (signals.some(({ aborted }) => aborted)) abort();
  });
}
