import { must } from "../../core/assert.ts";
import type { MaybePromise } from "../../core/maybe-promise.ts";
import { Head, type SeekTimes } from "./head.ts";

export interface HeadOptions {
  readonly count: number;
  /** Each head has an arm of its own. Otherwise all are on one arm. */
  readonly separate: boolean;
  readonly times: SeekTimes;
}

/** The heads of a disk. Each reaches an equal part of it. */
export class Heads {
  readonly #count: number;
  readonly #rangeBytes: number;
  /** One for each arm. */
  readonly #heads: readonly Head[];

  constructor(diskBytes: bigint, { count, separate, times }: HeadOptions) {
    this.#count = count;
    this.#rangeBytes = Math.max(Number(diskBytes) / count, 1);
    this.#heads = Array.from({ length: separate ? count : 1 }, () => new Head(this.#rangeBytes, times));
  }

  /**
   * Performs a request when the head is there.
   *
   * @param offset where the request begins on the disk; bytes
   * @throws what `wait` and `perform` throw
   */
  seek<Result>(
    offset: number,
    wait: (ms: number) => Promise<void>,
    perform: () => MaybePromise<Result>,
  ): MaybePromise<Result> {
    const { head, position } = this.#locate(offset);
    if (!head.isNear(position)) return head.seek(position, wait).then(perform);
    head.place(position);
    return perform();
  }

  /** Performs a request if its head needs no time to get there, and moves the head if that returns true. */
  placeIf(offset: number, perform: () => boolean): boolean {
    const { head, position } = this.#locate(offset);
    if (!head.isNear(position) || !perform()) return false;
    head.place(position);
    return true;
  }

  #locate(offset: number): { readonly head: Head; readonly position: number } {
    const index = Math.min(Math.floor(offset / this.#rangeBytes), this.#count - 1);
    const head = must(this.#heads.at(Math.min(index, this.#heads.length - 1)));
    return { head, position: offset - index * this.#rangeBytes };
  }
}
