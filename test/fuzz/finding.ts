/** Something that must never happen. */
export class Finding extends Error {
  override readonly name = "Finding";
}

export function expectThat(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Finding(what);
}

/** Turns of the event loop after which whatever has not settled never will. */
const turnsMax = 3000;

export async function settles(
  promise: Promise<unknown>,
  what: string,
  eachTurn = (): void => {},
): Promise<void> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  for (let count = 0; !settled; count++) {
    expectThat(count < turnsMax, `${what} does not settle`);
    await turn();
    eachTurn();
  }
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
