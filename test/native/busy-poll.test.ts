import { readSync, writeSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { native } from "../../src/native/load.ts";

/** Between two arrivals a sleeping event loop runs a few iterations; a polling one runs thousands. */
const manyIterations = 100;
/**
 * The gap is much longer than the polling limit, so that each arrival comes after the end of polling on a
 * busy machine too.
 */
const limitUs = 2000;
const gapMs = 6;

/** Bytes that arrive one at a time. */
class Arrivals implements Disposable {
  readonly #pipe = native().createPipe();
  readonly #watch = new (native().Watch)(this.#pipe.readEnd, () => this.#read());
  #arrived = (): void => {};

  constructor() {
    this.#watch.want(true, false);
  }

  /** Sends one byte and then waits. @returns true if the event loop polled after the byte */
  async next(): Promise<boolean> {
    const arrived = new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
    writeSync(this.#pipe.writeEnd, "x");
    await arrived;
    const before = iterations();
    await setTimeout(gapMs);
    return iterations() - before > manyIterations;
  }

  /** @returns the number of bytes after which the event loop polled */
  async polledAfter(count: number): Promise<number> {
    let polled = 0;
    for (let i = 0; i < count; i++) if (await this.next()) polled++;
    return polled;
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

const iterations = (): number => performance.nodeTiming.uvMetricsInfo.loopCount;

afterEach(() => native().setBusyPoll(0));

it("the event loop does not busy-poll by default", async () => {
  using arrivals = new Arrivals();
  expect(await arrivals.polledAfter(5)).toBe(0);
});

it("the event loop busy-polls after an arrival even if the previous one was long ago", async () => {
  using arrivals = new Arrivals();
  native().setBusyPoll(limitUs);
  await expect.poll(() => arrivals.next()).toBe(true);
});

it("the event loop busy-polls more and more rarely while polling finds no events", async () => {
  using arrivals = new Arrivals();
  native().setBusyPoll(limitUs);
  // After the first, third, sixth, eleventh and twentieth byte; more often where the machine is so busy that a
  // timer ends while the event loop polls, which counts as an event.
  expect(await arrivals.polledAfter(35)).toBeLessThan(18);
});
