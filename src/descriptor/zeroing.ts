import type { ZeroFlags } from "../contract/handle.ts";
import { NbdError } from "../core/errors.ts";
import { native } from "../native/load.ts";
import { isNotSupported } from "./not-supported.ts";

type Way = "punch hole" | "zero range" | "zero out" | "discard";

/**
 * Zeroes or frees a range without writing zeroes. It tries the system's ways in order, the best first. A way
 * that the file system does not support is remembered and not tried again.
 */
export class Zeroing {
  readonly #fd: number;
  readonly #sectorSize: number | undefined;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #refused: Set<Way> = new Set();

  /** @param sectorSize bytes; undefined for regular files */
  constructor(fd: number, sectorSize: number | undefined, trace: ((line: string) => void) | undefined) {
    this.#fd = fd;
    this.#sectorSize = sectorSize;
    this.#trace = trace;
  }

  /**
   * Zeroes a range.
   * @throws NbdError ENOTSUP when the range can be zeroed only by writing
   */
  async zero(offset: bigint, length: bigint, flags: ZeroFlags): Promise<void> {
    if (length === 0n) return;
    if (this.#isAligned(offset, length)) {
      for (const way of this.#waysToZero(flags)) {
        if (await this.#attempt(way, offset, length)) return;
      }
    }
    this.#trace?.(`zero ${offset}+${length}: possible only by writing`);
    throw new NbdError("ENOTSUP", "this file can be zeroed only by writing");
  }

  /** Frees a range. Trim is advisory in the protocol, so a file that does not support it is no error. */
  async trim(offset: bigint, length: bigint): Promise<void> {
    if (this.#sectorSize === undefined) {
      if (length > 0n) await this.#attempt("punch hole", offset, length);
      return;
    }
    const sector = BigInt(this.#sectorSize);
    const start = ((offset + sector - 1n) / sector) * sector;
    const end = ((offset + length) / sector) * sector;
    if (end > start) await this.#attempt("discard", start, end - start);
  }

  #waysToZero({ mayTrim, fastZero }: ZeroFlags): readonly Way[] {
    const ways: Way[] = mayTrim ? ["punch hole"] : [];
    if (this.#sectorSize === undefined) return [...ways, "zero range"];
    // The kernel writes zeroes if the device supports neither of these two ways, so a fast zero must not use
    // them.
    return fastZero ? ways : [...ways, "zero range", "zero out"];
  }

  /** @returns false when the file does not support this way */
  async #attempt(way: Way, offset: bigint, length: bigint): Promise<boolean> {
    if (this.#refused.has(way)) return false;
    try {
      await this.#run(way, offset, length);
    } catch (error) {
      if (!isNotSupported(error)) throw error;
      this.#refused.add(way);
      this.#trace?.(`${way} ${offset}+${length}: not supported here`);
      return false;
    }
    this.#trace?.(`${way} ${offset}+${length}: done`);
    return true;
  }

  #run(way: Way, offset: bigint, length: bigint): Promise<void> {
    if (way === "punch hole") return native().punchHoleAsync(this.#fd, offset, length);
    if (way === "zero range") return native().zeroRangeAsync(this.#fd, offset, length);
    if (way === "zero out") return native().blockZeroOutAsync(this.#fd, offset, length);
    return native().blockDiscardAsync(this.#fd, offset, length);
  }

  #isAligned(offset: bigint, length: bigint): boolean {
    if (this.#sectorSize === undefined) return true;
    const sector = BigInt(this.#sectorSize);
    return offset % sector === 0n && length % sector === 0n;
  }
}
