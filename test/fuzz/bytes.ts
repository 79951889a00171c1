import { expectThat } from "./finding.ts";

/** Reads a buffer from start to end. Reading past the end is a finding. */
export class Bytes {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Buffer {
    expectThat(length <= this.left, `a message ends ${length - this.left} bytes early`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  u16(): number {
    return this.take(2).readUInt16BE();
  }

  u32(): number {
    return this.take(4).readUInt32BE();
  }

  u64(): bigint {
    return this.take(8).readBigUInt64BE();
  }

  /** Returns the last eight bytes, whether they have been read or not. */
  last64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#bytes.length - 8);
  }

  /** Reads all remaining bytes, which must be a valid string of the specification. */
  text(what: string): string {
    const bytes = this.take(this.left);
    expectThat(bytes.length <= 4096 && !bytes.includes(0), `${what} is no string`);
    const text = bytes.toString("utf8");
    expectThat(Buffer.from(text).equals(bytes), `${what} is no UTF-8`);
    return text;
  }
}
