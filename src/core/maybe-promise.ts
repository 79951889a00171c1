/** An answer now or later. Code on the fast path looks before it waits, so that no promise is made needlessly. */
export type MaybePromise<T> = T | PromiseLike<T>;

export function isPromise<T>(value: MaybePromise<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null | undefined)?.then === "function";
}

/**
 * Runs a generator to its end and waits for whatever it yields, as an async function does for what it awaits; but where
 * nothing has to be waited for, the result is there at once.
 */
export function inSteps<T>(steps: Steps<T>): MaybePromise<T> {
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (isPromise(step.value)) return finish(steps, step.value);
  }
}

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

/** For a step that needs the answer: `const extents = yield* answer(next.extents(...))`. */
export function* answer<T>(value: MaybePromise<T>): Steps<T> {
  if (!isPromise(value)) return value;
  let answered: T;
  yield value.then((result) => {
    answered = result;
  });
  return answered!;
}

/** Runs `then` once `perform` has succeeded or failed, which is at once where nothing has to be waited for. */
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
