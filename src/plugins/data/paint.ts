import type { Handle } from "../../contract/handle.ts";
import { ServedExport } from "../../served/served-export.ts";
import { type Content, isZero, type Stroke } from "./content.ts";

/** The page size in bytes. A page of zeroes becomes a hole. */
const pageBytes = 4096;

/** The maximum length of a zero request in bytes. Lengths are numbers, which are exact up to 2^53. */
const zeroBytesMax = 2n ** 52n;

/** Writes content to an empty disk. Content beyond the end of the disk is dropped. */
export async function paint(content: Content, handle: Handle): Promise<void> {
  const painter = new Painter(new ServedExport(handle, false));
  const end = content.size < handle.size ? content.size : handle.size;
  for (const stroke of content.strokes(0n, end, 0n)) await painter.apply(stroke);
}

class Painter {
  readonly #disk: ServedExport;
  /** The end of the written part of the disk. Every byte after it is still zero and needs no zeroing. */
  #painted = 0n;

  constructor(disk: ServedExport) {
    this.#disk = disk;
  }

  async apply({ at, bytes }: Stroke): Promise<void> {
    if (typeof bytes === "bigint") return this.#zero(at, at + bytes);
    for (let start = 0, end = 0; start < bytes.length; start = end) {
      const zero = isZero(pageAt(bytes, at, start));
      do end += pageAt(bytes, at, end).length;
      while (end < bytes.length && isZero(pageAt(bytes, at, end)) === zero);
      const from = at + BigInt(start);
      if (zero) await this.#zero(from, at + BigInt(end));
      else await this.#write(bytes.subarray(start, end), from);
    }
  }

  async #write(bytes: Uint8Array, at: bigint): Promise<void> {
    await this.#disk.write(bytes, at, false);
    const end = at + BigInt(bytes.length);
    if (end > this.#painted) this.#painted = end;
  }

  async #zero(from: bigint, end: bigint): Promise<void> {
    const to = end < this.#painted ? end : this.#painted;
    for (let at = from; at < to; at += zeroBytesMax) {
      const length = to - at < zeroBytesMax ? to - at : zeroBytesMax;
      await this.#disk.zero(at, Number(length), { fua: false, mayTrim: true, fastZero: false });
    }
  }
}

/** The bytes from index `start` to the end of their page on the disk. `at` is the disk offset of index 0. */
function pageAt(bytes: Uint8Array, at: bigint, start: number): Uint8Array {
  const within = Number((at + BigInt(start)) % BigInt(pageBytes));
  return bytes.subarray(start, start + pageBytes - within);
}
