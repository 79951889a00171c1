import type { Handle } from "../../src/contract/handle.ts";
import { NbdError } from "../../src/core/errors.ts";
import type { StatusExtent } from "../../src/core/extent.ts";
import type { MaybePromise } from "../../src/core/maybe-promise.ts";
import { Random } from "../../src/testing/random.ts";
import { age, dirty } from "./contexts.ts";
import { expectThat, nextIteration } from "./finding.ts";
import type { ServerSetup } from "./server-grammar.ts";

/** Fills stripes of ones and zeroes. Reads may send the zeroes as holes. */
function fillStriped(into: Uint8Array, offset: bigint): void {
  const stripe = 48 * 1024;
  for (let at = 0; at < into.length; ) {
    const position = Number((offset + BigInt(at)) % BigInt(2 * stripe));
    const end = Math.min(into.length, at + stripe - (position % stripe));
    into.fill(position < stripe ? 1 : 0, at, end);
    at = end;
  }
}

/** Describes two thirds of the range, not in whole blocks, and omits the rest. */
function statuses(length: number, state: bigint): StatusExtent[] {
  const third = BigInt(Math.ceil(length / 3));
  return [
    { length: third, state },
    { length: 0n, state: 5n },
    { length: third, state: 0n },
  ];
}

/** Disks that check the arguments of each call. */
export class Disks {
  /** Bytes of all reads. The reply needs a buffer even when the client has disconnected. */
  bytesAsked = 0;
  readonly #setup: ServerSetup;
  readonly #random: Random;
  #calls = 0;
  #open = 0;
  #opened = 0;
  #wrong: string | undefined;

  constructor(setup: ServerSetup) {
    this.#setup = setup;
    this.#random = new Random(setup.seed);
  }

  list(): MaybePromise<{ name: string; description?: string }[]> {
    return this.#answer(() => [{ name: "disk", description: "a disk" }, { name: "é" }]);
  }

  open(exportName: string): MaybePromise<Handle> {
    return this.#answer(() => {
      if (exportName === "absent") throw new NbdError("ENOENT", "no such export");
      this.#open++;
      this.#opened++;
      return this.#disk();
    });
  }

  expectRespected(): void {
    expectThat(this.#wrong === undefined, `the backend gets a ${this.#wrong}`);
    expectThat(this.#open === 0, `${this.#open} of ${this.#opened} handles are still open`);
  }

  #disk(): Handle {
    const { minimumBlock, without } = this.#setup;
    const size = BigInt(this.#setup.size);
    let [isOpen, inFlight] = [true, 0];
    const checked = <T>(what: string, offset: bigint, length: number, action: () => T): MaybePromise<T> => {
      const range = `${what} of ${length} bytes at ${offset}`;
      this.#expect(isOpen, `${range} after close`);
      this.#expect(Number.isSafeInteger(length) && length >= 0 && offset >= 0n, `${range} is no range`);
      this.#expect(offset + BigInt(length) <= size, `${range} of a disk of ${size}`);
      const aligned = offset % BigInt(minimumBlock) === 0n && length % minimumBlock === 0;
      this.#expect(aligned, `${range} is not aligned`);
      inFlight++;
      return this.#answer(action, () => inFlight--);
    };
    const handle: Handle = {
      size,
      read: (into, offset) => {
        this.bytesAsked += 2 * into.length;
        return checked("read", offset, into.length, () => void fillStriped(into, offset));
      },
      write: (from, offset) => checked("write", offset, from.length, () => {}),
      flush: () => checked("flush", 0n, 0, () => {}),
      trim: (offset, length) => checked("trim", offset, length, () => {}),
      zero: (offset, length) => checked("zero", offset, length, () => {}),
      cache: (offset, length) => checked("cache", offset, length, () => {}),
      extents: (offset, length) =>
        checked("extents", offset, length, () => [
          { length: BigInt(Math.ceil(length / 3)), hole: false, zero: false },
          { length: 0n, hole: true, zero: true },
          { length: BigInt(length) + 512n, hole: true, zero: true },
        ]),
      metaContexts: [
        {
          name: dirty,
          status: (offset, length) => checked("status", offset, length, () => statuses(length, 1n)),
        },
        {
          name: age,
          wide: true,
          status: (offset, length) => checked("status", offset, length, () => statuses(length, 1n << 63n)),
        },
      ],
      close: () => {
        this.#expect(isOpen, "closed twice");
        this.#expect(inFlight === 0, `closed with ${inFlight} requests in flight`);
        isOpen = false;
        return this.#later(this.#random.below(3)).then(() => void this.#open--);
      },
      nativeFua: true,
      fastZero: true,
      cacheByReading: without.includes("cache") && size < 1n << 20n,
      description: "a disk",
      ...(minimumBlock === 1
        ? {}
        : { blockSize: { minimum: minimumBlock, preferred: 4096, maximum: 32 * 1024 * 1024 } }),
    };
    for (const name of without) Reflect.deleteProperty(handle, name);
    return handle;
  }

  /** Answers now, later, or with an error. */
  #answer<T>(action: () => T, answered: () => void = () => {}): MaybePromise<T> {
    const { pace, failEvery } = this.#setup;
    const fails = failEvery > 0 && ++this.#calls % failEvery === 0;
    const finish = (): T => {
      answered();
      if (fails) throw new NbdError(this.#random.pick(["EIO", "ENOSPC", "EWHAT"]), "fails as it was told to");
      return action();
    };
    if (pace === "at once" || (pace === "mixed" && this.#random.oneIn(2))) return finish();
    return this.#later(this.#random.below(4)).then(finish);
  }

  /** Records a wrong call. An exception would only become an error reply. */
  #expect(condition: boolean, what: string): void {
    if (!condition) this.#wrong ??= what;
  }

  async #later(iterations: number): Promise<void> {
    for (let count = 0; count < iterations; count++) await nextIteration();
  }
}
