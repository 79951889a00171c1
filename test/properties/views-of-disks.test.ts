import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "../../src/core/errors.ts";
import type { ServedExport } from "../../src/served/served-export.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { contents } from "../helpers/contents.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";
import { filters, type View, views } from "./views.ts";

const step = fc.record({
  kind: fc.constantFrom("read", "write", "zeroes", "zero", "trim", "cache", "extents", "flush"),
  at: fc.nat(1_000_000),
  length: fc.oneof(fc.integer({ min: 1, max: 9000 }), fc.integer({ min: 1, max: 100_000 })),
  byte: fc.integer({ min: 1, max: 255 }),
  fua: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The content that clients must see. It is changed together with the disk. */
class Reference {
  readonly view: View;
  readonly seen: Buffer;

  constructor(view: View) {
    this.view = view;
    this.seen = Buffer.alloc(view.size);
    view.bytes.copy(this.seen, 0, view.start, view.start + view.real);
  }

  async follow(disk: ServedExport, { kind, at: anywhere, byte, ...wanted }: Step): Promise<void> {
    if (this.view.size === 0) return;
    const at = anywhere % this.view.size;
    const offset = BigInt(at);
    const length = Math.min(wanted.length, this.view.size - at);
    const part = this.seen.subarray(at, at + length);
    const fua = wanted.fua && disk.canFua;
    if (kind === "read") expect((await contents(disk, offset, length)).equals(part)).toBe(true);
    if (kind === "write") await this.#write(disk, at, Buffer.alloc(length, byte), fua);
    if (kind === "zeroes") await this.#write(disk, at, Buffer.alloc(length), fua);
    if (kind === "zero") {
      await disk.zero(offset, length, { fua, mayTrim: byte > 128, fastZero: false });
      part.fill(0);
    }
    if (kind === "trim") await this.#trim(disk, offset, part, fua);
    if (kind === "cache") await disk.cache(offset, length);
    if (kind === "flush") await disk.flush();
    if (kind === "extents") await this.#describe(disk, offset, part);
  }

  async check(disk: ServedExport, below: Buffer): Promise<void> {
    await disk.flush();
    expect((await contents(disk)).equals(this.seen)).toBe(true);
    const expected = Buffer.from(this.view.bytes);
    if (!this.view.keepsToItself) this.seen.copy(expected, this.view.start, 0, this.view.real);
    expect(below.equals(expected)).toBe(true);
  }

  /** After the end of the disk, only zeroes may be written. */
  async #write(disk: ServedExport, at: number, bytes: Buffer, fua: boolean): Promise<void> {
    const fits = at + bytes.length <= this.view.real || bytes[0] === 0;
    try {
      await disk.write(bytes, BigInt(at), fua);
      expect(fits).toBe(true);
      bytes.copy(this.seen, at);
    } catch (error) {
      if (fits || codeOf(error) !== "ENOSPC") throw error;
    }
  }

  /**
   * A filter that keeps blocks may return a trimmed byte with another value later, which the conformance
   * checks allow.
   */
  async #trim(disk: ServedExport, offset: bigint, part: Buffer, fua: boolean): Promise<void> {
    if (this.view.filter === "cow" || this.view.filter === "cache") return;
    await disk.trim(offset, part.length, fua);
    const now = await contents(disk, offset, part.length);
    expect(now.every((byte, index) => byte === 0 || byte === part[index])).toBe(true);
    now.copy(part);
  }

  async #describe(disk: ServedExport, offset: bigint, part: Buffer): Promise<void> {
    let at = 0;
    for (const { length, zero } of await disk.extents(offset, part.length, false)) {
      const described = part.subarray(at, at + Number(length));
      if (zero) expect(described.equals(Buffer.alloc(described.length))).toBe(true);
      at += Number(length);
    }
  }
}

describe("clients see the expected part of the disk, for any parameters and requests", () => {
  it.each(views)("%s", async (_title, view, numRuns) => {
    const property = fc.asyncProperty(view, fc.array(step, { maxLength: 15 }), async (given, steps) => {
      const fake = new RecordingFake(Buffer.from(given.bytes));
      const [filter, parameters] = [filters[given.filter], given.parameters];
      await using session = await TestedChain.start({ plugin: fake.plugin, filters: [filter], parameters });
      const disk = await session.open();
      expect(disk.size).toBe(BigInt(given.size));
      const reference = new Reference(given);
      for (const next of steps) await reference.follow(disk, next);
      await reference.check(disk, fake.bytes);
    });
    await fc.assert(property, { numRuns });
  });
});
