import { expectThat } from "./finding.ts";

/** Bytes that are read from front to back, and never past the end. */
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

  /** The last eight bytes, whether read or not. */
  last64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#bytes.length - 8);
  }

  /** All that is left, which must be a string as the specification has them. */
  text(what: string): string {
    const bytes = this.take(this.left);
    expectThat(bytes.length <= 4096 && !bytes.includes(0), `${what} is no string`);
    const text = bytes.toString("utf8");
    expectThat(Buffer.from(text).equals(bytes), `${what} is no UTF-8`);
    return text;
  }
}
