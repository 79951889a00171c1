import type { Destination } from "./endpoint.ts";

/** How far a copy has come: what the user must know about the destination when the copy ends early. */
export class CopyState {
  /** Bytes that are copied. */
  done = 0n;
  readonly #destination: Destination;
  readonly #total: bigint | undefined;
  #phase = "nothing" as "nothing" | "incomplete" | "written";

  /** @param total bytes; undefined for a stream, which ends where it ends */
  constructor(destination: Destination, total: bigint | undefined) {
    this.#destination = destination;
    this.#total = total;
  }

  /** The destination is about to change. */
  begins(): void {
    this.#phase = "incomplete";
  }

  /** Everything is written; what is left may be lost with the system or the server. */
  written(): void {
    this.#phase = "written";
  }

  /** @returns a clause for an error message; undefined for a destination that keeps nothing */
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
