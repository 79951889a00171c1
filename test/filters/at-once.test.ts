import { describe, expect, it } from "vitest";
import type { Filter } from "../../src/contract/filter.ts";
import type { Handle } from "../../src/contract/handle.ts";
import { definePlugin } from "../../src/contract/plugin.ts";
import blocksize from "../../src/filters/blocksize.ts";
import cache from "../../src/filters/cache.ts";
import cow from "../../src/filters/cow.ts";
import type { ServedExport } from "../../src/served/served-export.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { contents } from "../helpers/contents.ts";

// A filter may answer at once only while no other request is in the middle of changing the same blocks. In
// these tests, a request of the filter to the disk below waits, and meanwhile another request tries to be
// answered at once.

const blockBytes = 65_536;
/** A temporary file takes only whole pages at once. */
const pageBytes = 4096;

/** A disk full of ones. Its `read` or `write` waits after `stop`, until `go`; the fast path never waits. */
class StoppingDisk {
  readonly bytes = Buffer.alloc(4 * blockBytes, 1);
  #stopped: "read" | "write" | undefined;
  #waiting: (() => void)[] = [];

  stop(kind: "read" | "write"): void {
    this.#stopped = kind;
  }

  go(): void {
    this.#stopped = undefined;
    for (const go of this.#waiting.splice(0)) go();
  }

  handle(): Handle {
    return {
      size: BigInt(this.bytes.length),
      read: async (into, at) => {
        await this.#turn("read");
        into.set(this.bytes.subarray(Number(at), Number(at) + into.length));
      },
      write: async (from, at) => {
        await this.#turn("write");
        this.bytes.set(from, Number(at));
      },
      flush: () => {},
      readNow: (buffer, start, end, at) => {
        buffer.set(this.bytes.subarray(at, at + end - start), start);
        return true;
      },
      writeNow: (buffer, start, end, at) => {
        this.bytes.set(buffer.subarray(start, end), at);
        return true;
      },
    };
  }

  async #turn(kind: string): Promise<void> {
    if (kind === this.#stopped) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** A client of a filter over a stopping disk. */
class Subject {
  readonly below: StoppingDisk;
  readonly disk: ServedExport;
  readonly #session: TestedChain;

  private constructor(below: StoppingDisk, disk: ServedExport, session: TestedChain) {
    this.below = below;
    this.disk = disk;
    this.#session = session;
  }

  static async start(filter: Filter, parameters: Record<string, string> = {}): Promise<Subject> {
    const below = new StoppingDisk();
    const plugin = definePlugin({ name: "stopping", open: () => below.handle() });
    const session = await TestedChain.start({ plugin, filters: [filter], parameters });
    return new Subject(below, await session.open(), session);
  }

  /** Returns whether the filter has written bytes of this value at once. */
  writeNow(value: number, offset: number, length = blockBytes): boolean {
    return this.disk.writeNow(Buffer.alloc(length, value), 0, length, offset);
  }

  /** Returns the value that the filter reads at once, in all bytes of the range. */
  readNow(offset: number, length = blockBytes): number | undefined {
    const bytes = Buffer.alloc(length);
    if (!this.disk.readNow(bytes, 0, length, offset)) return undefined;
    expect(new Set(bytes).size).toBe(1);
    return bytes[0];
  }

  write(value: number, offset: number, length: number): Promise<void> {
    return Promise.resolve(this.disk.write(Buffer.alloc(length, value), BigInt(offset), false));
  }

  /** The first and the last byte of a block. */
  async ends(block: number): Promise<readonly (number | undefined)[]> {
    const bytes = await contents(this.disk, BigInt(block * blockBytes), blockBytes);
    return [bytes[0], bytes.at(-1)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.end();
  }
}

describe("requests answered at once", () => {
  it("cow writes no block at once while another request copies the block from the disk below", async () => {
    await using subject = await Subject.start(cow);
    subject.below.stop("read");
    const writing = subject.write(2, 0, 10);
    expect([
      subject.writeNow(3, 0),
      subject.writeNow(3, 0, pageBytes),
      subject.writeNow(3, blockBytes),
    ]).toEqual([false, false, true]);
    const waiting = subject.write(4, blockBytes - 10, 20);
    expect(subject.writeNow(5, blockBytes)).toBe(false);
    subject.below.go();
    await Promise.all([writing, waiting]);
    expect(await subject.ends(0)).toEqual([2, 4]);
    expect(await subject.ends(1)).toEqual([4, 3]);
    expect([subject.writeNow(6, 0, pageBytes), subject.readNow(0, pageBytes)]).toEqual([true, 6]);
    expect(subject.below.bytes.every((byte) => byte === 1)).toBe(true);
  });

  it("cow answers at once only where all blocks of the request are in the same place", async () => {
    await using subject = await Subject.start(cow);
    expect([subject.readNow(0, 2 * blockBytes), subject.writeNow(2, 0, pageBytes)]).toEqual([1, false]);
    await subject.disk.zero(0n, blockBytes, { fua: false, mayTrim: true, fastZero: false });
    expect([subject.readNow(0), subject.readNow(0, 2 * blockBytes)]).toEqual([0, undefined]);
    expect([subject.writeNow(2, 0, pageBytes), subject.writeNow(2, 0), subject.readNow(0)]).toEqual([
      false,
      true,
      2,
    ]);
    expect([subject.readNow(0, 2 * blockBytes), subject.writeNow(2, 0, 2 * blockBytes)]).toEqual([
      undefined,
      false,
    ]);
  });

  it("cow and cache read no block at once that has to be kept", async () => {
    await using copying = await Subject.start(cow, { "cow-on-read": "true" });
    await using keeping = await Subject.start(cache, { "cache-on-read": "true" });
    for (const subject of [copying, keeping]) {
      expect(subject.readNow(0)).toBe(undefined);
      expect(await subject.ends(0)).toEqual([1, 1]);
      expect(subject.readNow(0)).toBe(1);
    }
  });

  it("cache writes no block at once while a flush writes the block to the disk below", async () => {
    await using subject = await Subject.start(cache);
    expect([subject.writeNow(2, 0), subject.writeNow(2, blockBytes)]).toEqual([true, true]);
    subject.below.stop("write");
    const flushing = subject.disk.flush();
    expect([subject.writeNow(3, 0), subject.writeNow(3, 0, pageBytes)]).toEqual([false, false]);
    const waiting = subject.write(3, 0, 10);
    expect(subject.readNow(0)).toBe(undefined);
    subject.below.go();
    await Promise.all([flushing, waiting]);
    expect(subject.below.bytes[0]).toBe(2);
    expect(await subject.ends(0)).toEqual([3, 2]);
    await subject.disk.flush();
    expect([subject.below.bytes[0], subject.below.bytes[10]]).toEqual([3, 2]);
  });

  it("cache writes at once only into dirty blocks and into whole new ones", async () => {
    await using subject = await Subject.start(cache);
    expect([
      subject.writeNow(2, 0, pageBytes),
      subject.writeNow(2, 0),
      subject.writeNow(3, 0, pageBytes),
    ]).toEqual([false, true, true]);
    expect(subject.below.bytes[0]).toBe(1);
    await subject.disk.flush();
    expect([subject.readNow(0, pageBytes), subject.writeNow(4, 0)]).toEqual([3, false]);
    await subject.write(4, 0, blockBytes);
    expect(subject.writeNow(5, 0)).toBe(true);
    await using through = await Subject.start(cache, { cache: "writethrough" });
    expect([through.writeNow(2, 0), through.writeNow(2, 0, pageBytes)]).toEqual([false, true]);
    expect(through.below.bytes[0]).toBe(2);
    await through.write(3, 0, blockBytes);
    expect([through.writeNow(4, 0, pageBytes), through.readNow(0)]).toEqual([false, 3]);
    await using limited = await Subject.start(cache, { "cache-max-size": "1M" });
    expect(limited.writeNow(2, 0)).toBe(false);
    await limited.write(2, 0, blockBytes);
    expect([limited.writeNow(3, 0, pageBytes), limited.readNow(0, pageBytes)]).toEqual([true, 3]);
  });

  it("blocksize writes no block at once while another request changes a part of the block", async () => {
    await using subject = await Subject.start(blocksize, { minblock: "64k" });
    subject.below.stop("read");
    const writing = subject.write(2, 0, 10);
    expect([
      subject.writeNow(3, 0),
      subject.writeNow(3, blockBytes),
      subject.writeNow(3, 0, pageBytes),
    ]).toEqual([false, true, false]);
    subject.below.go();
    await writing;
    expect(await subject.ends(0)).toEqual([2, 1]);
    expect([subject.writeNow(3, 0), subject.readNow(0, 2 * blockBytes)]).toEqual([true, 3]);
  });
});
