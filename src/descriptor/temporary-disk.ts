import { failure } from "../contract/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { native } from "../native/load.ts";
import { AtOnce } from "./at-once.ts";
import { Durability } from "./durability.ts";
import { createUnlinkedFile } from "./memory-file.ts";
import { isNotSupported } from "./not-supported.ts";
import { readFile } from "./read.ts";

/**
 * Room for what a filter keeps for a while: a sparse file without a name, in $TMPDIR or else /var/tmp, as nbdkit has it.
 * It is on a disk and not in memory, so that what clients write is bounded by the disk and not by the memory. It takes room
 * only where something was written, and nothing is left of it when the process ends, however it does.
 */
export class TemporaryDisk {
  readonly #fd: number;
  readonly #atOnce: AtOnce;

  /**
   * @param name what debugging tools call it
   * @throws NbdError with a line for the user where no file can be made
   */
  constructor(name: string) {
    const folder = temporaryFolder();
    try {
      this.#fd = createUnlinkedFile(name, folder);
    } catch (error) {
      throw failure("mkostemp", folder, error);
    }
    this.#atOnce = new AtOnce(this.#fd, new Durability(this.#fd));
  }

  /** Only what has been written can be read. */
  read(into: Uint8Array, offset: bigint): MaybePromise<void> {
    return readFile(this.#fd, into, offset);
  }

  write(from: Uint8Array, offset: bigint): MaybePromise<void> {
    if (offset < Number.MAX_SAFE_INTEGER && this.#atOnce.write(from, 0, from.length, Number(offset))) return;
    return native().pwriteAsync(this.#fd, from, offset);
  }

  /** Gives the room of a range back, where the file system can do that. */
  async free(offset: bigint, length: bigint): Promise<void> {
    await native()
      .punchHoleAsync(this.#fd, offset, length)
      .catch((error: unknown) => {
        if (!isNotSupported(error)) throw error;
      });
  }

  /** {@link read} and {@link write} must have been answered. */
  close(): void {
    native().closeDescriptor(this.#fd);
  }
}

/** The larger of the folders for temporary files, which is no memory. */
export function temporaryFolder(): string {
  return process.env.TMPDIR || "/var/tmp";
}
