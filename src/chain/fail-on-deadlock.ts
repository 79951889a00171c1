import { NbdError } from "../core/errors.ts";
import { isPromise, type MaybePromise } from "../core/maybe-promise.ts";

/**
 * Waits for a step of a plugin or filter. Node ends a process in which nothing can happen any more, with status 0 and
 * without a word, whatever is still being waited for.
 * @param what is waited for, for the message
 * @throws NbdError EDEADLK in that case, and what the step throws
 */
export async function failOnDeadlock<Result>(what: string, step: MaybePromise<Result>): Promise<Result> {
  if (!isPromise(step)) return step;
  let vanishing!: () => void;
  const never = new Promise<never>((_resolve, reject) => {
    vanishing = () => reject(new NbdError("EDEADLK", `${what} waits for something that will never happen`));
  });
  process.once("beforeExit", vanishing);
  try {
    return await Promise.race([step, never]);
  } finally {
    process.off("beforeExit", vanishing);
  }
}
