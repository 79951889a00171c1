/**
 * Throws when a condition is false that only a bug of this package can make false. Node's assert is not used,
 * because loading it takes a millisecond.
 */
export function assert(condition: boolean): asserts condition {
  if (!condition) throw new TypeError("internal error: assertion failed");
}
