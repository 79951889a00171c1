import { NbdError } from "../core/errors.ts";
import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";

/**
 * Waits for a step of a plugin or filter, and fails on deadlock. When the event loop has nothing left to do,
 * Node ends the process with status 0 and without a message, although the step is still pending.
 *
 * @param what name of the step, for the message
 * @throws NbdError EDEADLK when nothing can settle the step any more, and what the step throws
 */
export async function failOnDeadlock<Result>(what: string, step: MaybePromise<Result>): Promise<Result> {
  if (!isPromise(step)) return step;
  let failNow!: () => void;
  const never = new Promise<never>((_resolve, reject) => {
    failNow = () => reject(new NbdError("EDEADLK", `${what} waits for something that will never happen`));
  });
  process.once("beforeExit", failNow);
  try {
    return await Promise.race([step, never]);
  } finally {
    process.off("beforeExit", failNow);
  }
}
