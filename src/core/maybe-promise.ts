/**
 * A value, or a promise of it. Code on the fast path calls {@link isPromise} before it awaits, so that no
 * promise is made needlessly.
 */
export type MaybePromise<T> = T | PromiseLike<T>;

/** Returns whether a value is a promise (has a `then` method). */
export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === "function";
}

/** Runs `then` after `perform` has succeeded or failed; at once where `perform` returns no promise. */
export function afterwards<T>(perform: () => MaybePromise<T>, then: () => void): MaybePromise<T> {
  let result: MaybePromise<T>;
  try {
    result = perform();
  } catch (error) {
    then();
    throw error;
  }
  if (isPromise(result)) return Promise.resolve(result).finally(then);
  then();
  return result;
}
