import assert from "node:assert/strict";
import { isFilled, marks } from "./marks.ts";

/** The number of buffers that are watched. An older one is checked for the last time when it drops out. */
const watchedMax = 64;

/** The buffers of calls that have been answered. The plugin must not use them any more. */
export class ReturnedBuffers {
  readonly #watched: Returned[] = [];

  /** Fills the buffer with a mark, which must not change and must not appear on the disk. */
  add(buffer: Buffer, call: "read" | "write"): void {
    buffer.fill(call === "read" ? marks.afterRead : marks.afterWrite);
    this.#watched.push({ buffer, call });
    if (this.#watched.length > watchedMax) check(this.#watched.shift());
  }

  /** @throws AssertionError when the plugin or a filter has changed a buffer */
  check(): void {
    for (const returned of this.#watched) check(returned);
  }
}

interface Returned {
  readonly buffer: Buffer;
  readonly call: "read" | "write";
}

function check(returned: Returned | undefined): void {
  if (returned === undefined) return;
  const { buffer, call } = returned;
  const mark = call === "read" ? marks.afterRead : marks.afterWrite;
  assert.ok(
    isFilled(buffer, mark),
    `the buffer of a ${call} changed after the ${call} had been answered: the plugin may use this borrowed buffer only until then`,
  );
}
