import { describe, expect, it } from "vitest";
import type { AnyFilter } from "../../src/chain/component.ts";
import { defineFilter } from "../../src/contract/filter.ts";
import type { Handle, HandleChanges } from "../../src/contract/handle.ts";
import { RangeGate } from "../../src/core/range-gate.ts";
import { applyChanges } from "../../src/kit/apply-changes.ts";
import { sector } from "../helpers/sector-disk.ts";
import { failures } from "./failures.ts";

/** bytes; enough for several units of holes */
const size = 200_192;

function filter(open: (next: Handle, state: RangeGate) => HandleChanges): AnyFilter {
  return defineFilter({ name: "broken", configComplete: () => new RangeGate(), open });
}

/** A filter that shifts the offsets of these requests by a sector. */
function moving(...kinds: readonly ("read" | "write" | "zero" | "trim" | "extents")[]): AnyFilter {
  return filter((next) => {
    const { read, write, zero, trim, extents } = applyChanges(next, {});
    const by = BigInt(sector);
    const all: HandleChanges = {
      read: (into, offset) => read(into, offset + by),
      write: write && ((from, offset, flags) => write(from, offset + by, flags)),
      zero: zero && ((offset, length, flags) => zero(offset + by, length, flags)),
      trim: trim && ((offset, length, flags) => trim(offset + by, length, flags)),
      extents: extents && ((offset, length, one) => extents(offset + by, length, one)),
    };
    const chosen = kinds.map((kind) => [kind, all[kind]]);
    return { ...Object.fromEntries(chosen), size: next.size - by };
  });
}

/** A filter that inverts bits of the data, a sector at a time. */
function turning(
  gateFor: (shared: RangeGate) => RangeGate | undefined,
  changes: HandleChanges = {},
): AnyFilter {
  return filter((next, shared) => {
    const { write } = applyChanges(next, {});
    const gate = gateFor(shared);
    const turned = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff);
    const around = async (offset: bigint, length: number): Promise<readonly [bigint, Buffer]> => {
      const start = offset - (offset % BigInt(sector));
      const end = Number(offset - start) + length;
      const bytes = Buffer.alloc(Math.ceil(end / sector) * sector);
      await next.read(bytes, start);
      return [start, Buffer.from(turned(bytes))];
    };
    return {
      async read(into, offset) {
        const [start, bytes] = await around(offset, into.length);
        bytes.copy(into, 0, Number(offset - start));
      },
      async write(from, offset, flags) {
        const [first, end] = [Number(offset) / sector, (Number(offset) + from.length) / sector];
        const leave = await gate?.enter(Math.floor(first), Math.ceil(end));
        try {
          const [start, bytes] = await around(offset, from.length);
          bytes.set(from, Number(offset - start));
          await write!(turned(bytes), start, flags);
        } finally {
          leave?.();
        }
      },
      zero: undefined,
      trim: undefined,
      extents: undefined,
      ...changes,
    };
  });
}

/** A filter that caches reads, and drops the cache only after these changes. */
function caching(...forgetting: readonly ("write" | "zero" | "trim")[]): AnyFilter {
  const kept = new Map<number, Buffer>();
  return defineFilter({
    name: "broken",
    configComplete: () => kept.clear(),
    open(next) {
      const { write, zero, trim } = applyChanges(next, {});
      const forget = (offset: bigint, length: number): void => {
        for (let at = 0; at <= length + sector; at += sector)
          kept.delete(Math.floor((Number(offset) + at) / sector));
      };
      const all: HandleChanges = {
        async write(from, offset, flags) {
          await write!(from, offset, flags);
          forget(offset, from.length);
        },
        async zero(offset, length, flags) {
          await zero!(offset, length, flags);
          forget(offset, length);
        },
        async trim(offset, length, flags) {
          await trim!(offset, length, flags);
          forget(offset, length);
        },
      };
      return {
        async read(into, offset) {
          for (let at = 0; at < into.length; ) {
            const place = Number(offset) + at;
            const block = Math.floor(place / sector);
            const bytes = kept.get(block) ?? Buffer.alloc(sector);
            if (!kept.has(block)) await next.read(bytes, BigInt(block * sector));
            kept.set(block, bytes);
            at += bytes.copy(into, at, place % sector);
          }
        },
        ...Object.fromEntries(forgetting.map((kind) => [kind, all[kind]])),
      };
    },
  });
}

const cases: Readonly<Record<string, readonly [AnyFilter, string]>> = {
  "shifts reads and writes, but not zero": [
    moving("read", "write", "trim", "extents"),
    "a range that is zeroed reads as zeroes, also after it has been read, and no byte beside it changes: byte",
  ],
  "shifts reads and writes, but not trim": [
    moving("read", "write", "zero", "extents"),
    "a range that is trimmed reads as zeroes or as before, and no byte beside it changes: byte",
  ],
  "shifts reads and writes, but not extents": [
    moving("read", "write", "zero", "trim"),
    "the extents of any range cover it, and describe its bytes correctly: the extents report",
  ],
  "changes bytes, but not those of zero": [
    turning((gate) => gate, { zero: () => {} }),
    "a range that is zeroed reads as zeroes, also after it has been read, and no byte beside it changes: byte",
  ],
  "changes bytes without a lock on their blocks": [
    turning(() => undefined),
    "requests of one connection that are under way at once do not lose each other's changes: byte",
  ],
  "changes bytes with a separate gate for each connection": [
    turning(() => new RangeGate()),
    "requests of several connections that are under way at once do not lose each other's changes: byte",
  ],
  "caches reads, and never drops the cache": [
    caching("zero", "trim"),
    "a write can be read back, and changes no byte beside its range: byte",
  ],
  "caches reads, and keeps the cache after zero": [
    caching("write", "trim"),
    "a range that is zeroed reads as zeroes, also after it has been read, and no byte beside it changes: byte",
  ],
  "caches reads, and keeps the cache after trim": [
    caching("write", "zero"),
    "a range that is trimmed reads as zeroes or as before, and no byte beside it changes: the extents report",
  ],
  "returns the data of a read": [
    filter((next) => ({
      read: (async (into: Uint8Array, offset: bigint) => {
        const bytes = Buffer.alloc(into.length);
        await next.read(bytes, offset);
        return bytes;
      }) as unknown as Handle["read"],
    })),
    "the read of broken returned a buffer: it fills `into` and returns nothing",
  ],
  "answers before the layer below has answered": [
    filter((next) => ({
      // The disk may be closed by then, so the write may fail.
      write: (from, offset, flags) =>
        void Promise.resolve(next.write!(from, offset, flags)).catch(() => undefined),
    })),
    "memory was closed while requests were under way (1): wait for the requests to the layer below",
  ],
  "reads beyond the end of the disk": [
    filter((next) => ({
      async read(into, offset) {
        const whole = Buffer.alloc(Math.ceil((into.length + Number(offset % 4096n)) / 4096) * 4096);
        await next.read(whole, offset - (offset % 4096n));
        into.set(whole.subarray(Number(offset % 4096n)).subarray(0, into.length));
      },
    })),
    "a filter asked memory for a read of 151552 bytes at 49152, which is not within its 200192 bytes",
  ],
  "changes a disk that it opened for reading only": [
    defineFilter({
      name: "broken",
      openNext: (next, _state, request) => next({ ...request, readOnly: true }),
    }),
    "a filter asked for a write on a handle of memory that it opened for reading only",
  ],
  "closes the layer below twice": [
    filter((next) => ({ close: () => next.close?.() })),
    "every handle is closed once, after its last request has been answered: a handle was closed 2 times",
  ],
  "never closes the layer below": [
    defineFilter({
      name: "broken",
      openNext: async (next, _state, request) =>
        applyChanges({ ...(await next(request)), close: () => {} }, {}),
    }),
    "every handle is closed once, after its last request has been answered: a handle was closed 0 times",
  ],
  "still reads ahead when it is closed": [
    filter((next) => ({
      read(into, offset) {
        if (next.cache !== undefined) void next.cache(0n, 512);
        return next.read(into, offset);
      },
    })),
    "memory was closed while requests were under way (1): wait for the requests to the layer below",
  ],
};

describe("the checks notice a filter that", () => {
  it.each(Object.entries(cases))("%s", async (_what, [broken, message]) => {
    const subject = { plugin: "memory", filters: [broken], parameters: { size: String(size) } };
    expect(await failures(subject)).toContain(message);
  });

  it("requests parts of blocks", async () => {
    const blocks = defineFilter({
      name: "blocks",
      open: () => ({ blockSize: { minimum: 1, preferred: 512, maximum: 4096 } }),
    });
    const plugin = {
      name: "blocky",
      open: () => ({
        size: 65_536n,
        blockSize: { minimum: 512, preferred: 512, maximum: 1024 },
        read: (into: Uint8Array) => void into.fill(1),
      }),
    };
    const all = await failures({ plugin, filters: [blocks] });
    expect(all).toContain(
      "a filter asked blocky for a read of 1 bytes at 0, which are not whole blocks of 512 bytes",
    );
    expect(all).toContain("which are more than 1024 bytes");
  });
});
