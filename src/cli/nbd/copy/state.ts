import type { Destination } from "./endpoint.ts";

/**
 * The state of a copy, for the message when the copy ends early: nothing is copied yet, the destination is
 * incomplete, or all data is written but maybe not on permanent storage.
 */
export class CopyState {
  /** The number of copied bytes. */
  done = 0n;
  readonly #destination: Destination;
  readonly #total: bigint | undefined;
  #phase: "nothing" | "incomplete" | "written" = "nothing";

  /** @param total bytes; undefined for a stream, which has no known size */
  constructor(destination: Destination, total: bigint | undefined) {
    this.#destination = destination;
    this.#total = total;
  }

  /** Call this before the first change of the destination. */
  begins(): void {
    this.#phase = "incomplete";
  }

  /**
   * Call this when all data is written, before the flush. Until then a crash of system or server may lose
   * data.
   */
  written(): void {
    this.#phase = "written";
  }

  /** @returns a clause for an error message; undefined for a destination that keeps no data */
  describe(): string | undefined {
    const { name, unwritten } = this.#destination;
    if (unwritten === undefined) return undefined;
    if (this.#phase === "nothing") return `nothing was copied to ${name}`;
    if (this.#phase === "written") {
      return `all ${this.done} bytes are written to ${name}, but may not be on permanent storage`;
    }
    const total = this.#total === undefined ? "" : ` of ${this.#total}`;
    return `${name} is incomplete: ${this.done}${total} bytes are copied, the rest ${unwritten}`;
  }
}
