import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";

/** What to do after so many failures, before the next attempt: wait, mend something, or throw to give up. */
export type Recover = (error: unknown, failures: number) => Promise<void>;

/** Does something until it succeeds or `recover` gives up. What succeeds at once is answered at once. */
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
