/**
 * `Symbol.asyncDispose`, or what stands for it where the language has none: Node.js 20 adds it to its own context and not to those
 * of `node:vm`, in which test runners run tests. Babel, esbuild and Oxc look for the same in what they make of `await using`.
 */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

/** Gives a class the method that `await using` calls. */
export function disposeBy<T>(type: { readonly prototype: T }, dispose: (one: T) => Promise<void>): void {
  Object.defineProperty(type.prototype, asyncDispose, {
    configurable: true,
    writable: true,
    value(this: T) {
      return dispose(this);
    },
  });
}
