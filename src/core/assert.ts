/**
 * Throws when a condition is false that only a bug of this package can make false. Node's assert is not used,
 * because loading it takes a millisecond.
 */
export function assert(condition: boolean): asserts condition {
  if (!condition) throw new TypeError("internal error: assertion failed");
}

/** Returns a value that only a bug of this package can make undefined, as {@link assert} checks a condition. */
export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("internal error: a value is missing");
  return value;
}
