import { failure } from "../contract/failure.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import { native } from "../native/load.ts";
import { AtOnce } from "./at-once.ts";
import { Durability } from "./durability.ts";
import { createUnlinkedFile } from "./memory-file.ts";
import { isNotSupported } from "./not-supported.ts";
import { readFile } from "./read.ts";

/**
 * A sparse file without a name, in $TMPDIR or else /var/tmp, as in nbdkit. It is on a disk, so that the free
 * disk space and not the memory limits what clients write. It takes space only for written ranges. The kernel
 * removes it when the process ends, also when the process is killed.
 */
export class TemporaryFile {
  /** As `readNow` and `writeNow` of a handle. */
  readonly readNow: AtOnce["read"];
  readonly writeNow: AtOnce["write"];
  readonly #fd: number;

  /**
   * @param name the name of the file in debugging tools
   * @throws NbdError with a line for the user when the file cannot be created
   */
  constructor(name: string) {
    const folder = temporaryFolder();
    try {
      this.#fd = createUnlinkedFile(name, folder);
    } catch (error) {
      throw failure("mkostemp", folder, error);
    }
    const atOnce = new AtOnce(this.#fd, new Durability(this.#fd));
    this.readNow = atOnce.read;
    this.writeNow = atOnce.write;
  }

  /** Reads a range. The whole range must have been written before. */
  read(into: Uint8Array, offset: number): MaybePromise<void> {
    return readFile(this.#fd, into, BigInt(offset));
  }

  write(from: Uint8Array, offset: number): MaybePromise<void> {
    if (this.writeNow(from, 0, from.length, offset)) return;
    return native().pwriteAsync(this.#fd, from, BigInt(offset));
  }

  /** Frees the space of a range, if the file system supports it. */
  async free(offset: number, length: number): Promise<void> {
    await native()
      .punchHoleAsync(this.#fd, BigInt(offset), BigInt(length))
      .catch((error: unknown) => {
        if (!isNotSupported(error)) throw error;
      });
  }

  /** Closes the file. All reads and writes must have completed. */
  close(): void {
    native().closeDescriptor(this.#fd);
  }
}

/** The folder for large temporary files. The default is /var/tmp, because /tmp is often in memory. */
export function temporaryFolder(): string {
  return process.env.TMPDIR || "/var/tmp";
}
