/** Timers take 31 bits of ms; beyond that they fire at once. */
const timerMsMax = 2 ** 31 - 1;

/**
 * Waits, unless one of the signals is aborted before: nobody waits for a client that has gone, or in a server that stops.
 * @throws the signal's reason
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
 * Waits before something is done. In a server that stops it is done at once: what waits may be all that is left of what a
 * client wrote.
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
 * Waits for something that calls `done`, likewise.
 * @param begin returns what takes it back, which is called in any case
 * @throws the signal's reason
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
