import type { MaybePromise } from "../core/maybe-promise.ts";
import { TemporaryFile } from "./temporary-file.ts";

/**
 * The bytes of the disk that one file holds (8 TiB). File systems limit the size of a file: ext4 to 16 TiB.
 * Each file needs a descriptor, so they are not smaller.
 */
const fileBytes: number = 2 ** 43;

/** A part of a range that lies in one file. */
interface Part {
  /** The number of the file. */
  readonly index: number;
  /** The offset in the file. */
  readonly at: number;
  /** The number of bytes of the range before this part. */
  readonly before: number;
  readonly length: number;
}

/**
 * Temporary storage of a filter for a disk of any size. The disk is cut into files, each of which is created
 * when a range in it is first written.
 */
export class TemporaryDisk {
  readonly #name: string;
  readonly #files: Map<number, TemporaryFile> = new Map();

  /** @param name the name of the files in debugging tools */
  constructor(name: string) {
    this.#name = name;
  }

  /** As `readNow` of a handle. The whole range must have been written before. */
  readNow(buffer: Uint8Array, start: number, end: number, offset: number): boolean {
    const index = Math.floor(offset / fileBytes);
    const at = offset - index * fileBytes;
    return at + end - start <= fileBytes && this.#file(index).readNow(buffer, start, end, at);
  }

  /** As `writeNow` of a handle. */
  writeNow(buffer: Uint8Array, start: number, end: number, offset: number): boolean {
    const index = Math.floor(offset / fileBytes);
    const at = offset - index * fileBytes;
    return at + end - start <= fileBytes && this.#file(index).writeNow(buffer, start, end, at);
  }

  /**
   * Reads a range. The whole range must have been written before.
   * @throws NbdError with a line for the user when a file cannot be created, or the read fails
   */
  read(into: Uint8Array, offset: bigint): MaybePromise<void> {
    return this.#each(offset, into.length, ({ index, at, before, length }) =>
      this.#file(index).read(into.subarray(before, before + length), at),
    );
  }

  write(from: Uint8Array, offset: bigint): MaybePromise<void> {
    return this.#each(offset, from.length, ({ index, at, before, length }) =>
      this.#file(index).write(from.subarray(before, before + length), at),
    );
  }

  /** Frees the space of a range, if the file system supports it. */
  async free(offset: bigint, length: bigint): Promise<void> {
    await this.#each(offset, Number(length), ({ index, at, length: bytes }) =>
      this.#files.get(index)?.free(at, bytes),
    );
  }

  /** Closes the files. All reads and writes must have completed. */
  close(): void {
    for (const file of this.#files.values()) file.close();
  }

  #each(offset: bigint, length: number, body: (part: Part) => MaybePromise<void>): MaybePromise<void> {
    const parts = partsOf(offset, length);
    const [only, second] = parts;
    return only === undefined || second !== undefined ? inOrder(parts, body) : body(only);
  }

  #file(index: number): TemporaryFile {
    let file = this.#files.get(index);
    if (file === undefined) {
      file = new TemporaryFile(this.#name);
      this.#files.set(index, file);
    }
    return file;
  }
}

function partsOf(offset: bigint, length: number): readonly Part[] {
  const parts: Part[] = [];
  let index = Number(offset / BigInt(fileBytes));
  let at = Number(offset % BigInt(fileBytes));
  for (let before = 0; before < length; index++, at = 0) {
    const bytes = Math.min(length - before, fileBytes - at);
    parts.push({ index, at, before, length: bytes });
    before += bytes;
  }
  return parts;
}

async function inOrder(parts: readonly Part[], body: (part: Part) => MaybePromise<void>): Promise<void> {
  for (const part of parts) await body(part);
}
