import { readSync, writeSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { native } from "../../src/native/load.ts";

/** Between two arrivals the loop turns a few times; while it looks, thousands of times. */
const manyTurns = 100;
/** What comes after the end of the looking must be well after it, also on a busy machine. */
const limitUs = 2000;
const gapMs = 6;

/** Bytes that come one at a time. */
class Arrivals implements Disposable {
  readonly #pipe = native().createPipe();
  readonly #watch = new (native().Watch)(this.#pipe.readEnd, () => this.#read());
  #arrived = (): void => {};

  constructor() {
    this.#watch.want(true, false);
  }

  /** One comes, and nothing for a while after it. @returns whether the loop looked for more */
  async next(): Promise<boolean> {
    const arrived = new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
    writeSync(this.#pipe.writeEnd, "x");
    await arrived;
    const before = turns();
    await setTimeout(gapMs);
    return turns() - before > manyTurns;
  }

  /** @returns after how many it has looked */
  async lookedAfter(count: number): Promise<number> {
    let looked = 0;
    for (let i = 0; i < count; i++) if (await this.next()) looked++;
    return looked;
  }

  [Symbol.dispose](): void {
    this.#watch.close();
    native().closeDescriptor(this.#pipe.readEnd);
    native().closeDescriptor(this.#pipe.writeEnd);
  }

  #read(): void {
    readSync(this.#pipe.readEnd, Buffer.alloc(1));
    this.#arrived();
  }
}

const turns = (): number => performance.nodeTiming.uvMetricsInfo.loopCount;

afterEach(() => native().setBusyPoll(0));

it("does not look for more without being asked to", async () => {
  using arrivals = new Arrivals();
  expect(await arrivals.lookedAfter(5)).toBe(0);
});

it("looks for more though the last came long ago: only so it can learn whether that pays", async () => {
  using arrivals = new Arrivals();
  native().setBusyPoll(limitUs);
  await expect.poll(() => arrivals.next()).toBe(true);
});

it("looks ever more rarely while nothing comes of it", async () => {
  using arrivals = new Arrivals();
  native().setBusyPoll(limitUs);
  // After the first, the third, the sixth, the eleventh and the twentieth.
  expect(await arrivals.lookedAfter(35)).toBeLessThanOrEqual(5);
});
