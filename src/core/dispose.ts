/**
 * `Symbol.asyncDispose`, or a substitute where the language has none. Node.js 20 defines the symbol only in
 * its main context, not in the contexts of `node:vm`, in which test runners run tests. Babel, esbuild and Oxc
 * look up the same substitute in their output for `await using`.
 */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

/** Adds the method that `await using` calls to a class. */
export function disposeBy<T>(type: { readonly prototype: T }, dispose: (one: T) => Promise<void>): void {
  Object.defineProperty(type.prototype, asyncDispose, {
    configurable: true,
    writable: true,
    value(this: T) {
      return dispose(this);
    },
  });
}
