import type { Handle } from "../../backend/handle.ts";
import { ServedExport } from "../../backend/served-export.ts";
import { findRuns } from "../../core/zero-runs.ts";
import type { Content, Stroke } from "./content.ts";

/** bytes: zeroes that make up a page become a hole */
const pageBytes = 4096;

/** The most that one request can zero: lengths are numbers. */
const zeroBytesMax = 2n ** 52n;

/** Writes what was described onto an empty disk, as far as there is room. */
export async function paint(content: Content, handle: Handle): Promise<void> {
  const painter = new Painter(new ServedExport(handle, false));
  const end = content.size < handle.size ? content.size : handle.size;
  for (const stroke of content.strokes(0n, end, 0n)) await painter.apply(stroke);
}

class Painter {
  readonly #disk: ServedExport;
  /** Behind this everything is still zero. */
  #painted = 0n;

  constructor(disk: ServedExport) {
    this.#disk = disk;
  }

  async apply({ at, bytes }: Stroke): Promise<void> {
    if (typeof bytes === "bigint") return this.#zero(at, at + bytes);
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    for (const { start, end, zero } of findRuns(buffer, at, pageBytes)) {
      const [from, to] = [at + BigInt(start), at + BigInt(end)];
      if (zero) await this.#zero(from, to);
      else await this.#disk.write(buffer.subarray(start, end), from, false);
      if (!zero && to > this.#painted) this.#painted = to;
    }
  }

  async #zero(from: bigint, end: bigint): Promise<void> {
    const to = end < this.#painted ? end : this.#painted;
    for (let at = from; at < to; at += zeroBytesMax) {
      const length = to - at < zeroBytesMax ? to - at : zeroBytesMax;
      await this.#disk.zero(at, Number(length), { fua: false, mayTrim: true, fastZero: false });
    }
  }
}
