/** For what only a mistake of our own can make false. Node's assert takes a millisecond to load. */
export function assert(condition: boolean): asserts condition {
  if (!condition) throw new TypeError("internal error: assertion failed");
}
