import assert from "node:assert/strict";
import { isFilled, marks } from "./marks.ts";

/** So many are looked at again later; older ones are looked at for the last time. */
const watchedMax = 64;

/** The buffers of calls that have been answered. They are not the plugin's any more, so it must leave them alone. */
export class ReturnedBuffers {
  readonly #watched: Returned[] = [];

  /** Gives the buffer another content, which nothing may change or use. */
  add(buffer: Buffer, call: "read" | "write"): void {
    buffer.fill(call === "read" ? marks.afterRead : marks.afterWrite);
    this.#watched.push({ buffer, call });
    if (this.#watched.length > watchedMax) check(this.#watched.shift());
  }

  /** @throws AssertionError when the plugin or a filter has changed one */
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
    `the buffer of a ${call} changed after the ${call} had been answered: it is lent only until then`,
  );
}
