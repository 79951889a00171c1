import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";

/**
 * Called after each failure, before the next attempt: it waits or repairs something; it throws to give up.
 */
export type Recover = (error: unknown, failures: number) => Promise<void>;

/**
 * Repeats an attempt until it succeeds or `recover` throws. There is no promise when the first attempt
 * succeeds at once.
 *
 * @throws what `recover` throws
 */
export function repeat<Result>(attempt: () => MaybePromise<Result>, recover: Recover): MaybePromise<Result> {
  try {
    const done = attempt();
    return isPromise(done) ? done.then(undefined, (error) => again(error, attempt, recover)) : done;
  } catch (error) {
    return again(error, attempt, recover);
  }
}

async function again<Result>(
  error: unknown,
  attempt: () => MaybePromise<Result>,
  recover: Recover,
): Promise<Result> {
  for (let failures = 1; ; failures++) {
    await recover(error, failures);
    try {
      return await attempt();
    } catch (next) {
      error = next;
    }
  }
}
