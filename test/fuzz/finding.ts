/** A result that must never occur. */
export class Finding extends Error {
  override readonly name = "Finding";
}

export function expectThat(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Finding(what);
}

/**
 * Event-loop iterations after which a pending promise will never settle. The longest request, of 2^63 bytes,
 * is done in 2048 pieces, and each may take several iterations.
 */
const iterationsMax = 20_000;

export async function settles(
  promise: Promise<unknown>,
  what: string,
  eachIteration = (): void => {},
): Promise<void> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  for (let count = 0; !settled; count++) {
    expectThat(count < iterationsMax, `${what} does not settle`);
    await nextIteration();
    eachIteration();
  }
}

export function nextIteration(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
