/**
 * A value, or a promise of it. Code on the fast path calls {@link isPromise} before it awaits, so that no
 * promise is made needlessly.
 */
export type MaybePromise<T> = T | PromiseLike<T>;

/** Returns whether a value is a promise (has a `then` method). */
export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === "function";
}

/**
 * Runs a generator to its end and awaits every promise that the generator yields, as an async function does
 * with `await`. Without a promise, the result is available at once.
 */
export function inSteps<T>(steps: Steps<T>): MaybePromise<T> {
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (isPromise(step.value)) return finish(steps, step.value);
  }
}

/** A generator for {@link inSteps}: it yields what it awaits and returns a `T`. */
export type Steps<T = void> = Generator<MaybePromise<unknown>, T, void>;

async function finish<T>(steps: Steps<T>, first: PromiseLike<unknown>): Promise<T> {
  for (let awaited: MaybePromise<unknown> = first; ; ) {
    const step = await Promise.resolve(awaited).then(
      () => steps.next(),
      (error) => steps.throw(error),
    );
    if (step.done) return step.value;
    awaited = step.value;
  }
}

/** Awaits a value inside a generator: `const extents = yield* answer(next.extents(...))`. */
export function* answer<T>(value: MaybePromise<T>): Steps<T> {
  if (!isPromise(value)) return value;
  let answered: T;
  yield value.then((result) => {
    answered = result;
  });
  return answered!;
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
