import { describe, expect, it } from "vitest";
import type { Handle } from "../../src/contract/handle.ts";
import { NbdError } from "../../src/core/errors.ts";
import { ServedExport } from "../../src/served/served-export.ts";

const flags = { fua: false, mayTrim: true, fastZero: false };

/** A disk in an array that records the requests. */
function disk(size: number, changes: Partial<Handle> = {}) {
  const bytes = new Uint8Array(size).fill(1);
  const asked: string[] = [];
  const handle: Handle = {
    size: BigInt(size),
    read: (into, offset) => {
      asked.push(`read ${into.length}`);
      into.set(bytes.subarray(Number(offset), Number(offset) + into.length));
    },
    write: (from, offset, { fua }) => {
      asked.push(`write ${from.length}${fua ? " fua" : ""}`);
      bytes.set(from, Number(offset));
    },
    flush: () => void asked.push("flush"),
    ...changes,
  };
  return { bytes, asked, served: new ServedExport(handle, false) };
}

describe("an export without zero", () => {
  it("is zeroed by writing zeroes in pieces, to the last byte", async () => {
    const { bytes, asked, served } = disk(600_000);
    await served.zero(1n, 599_998, flags);
    expect(asked).toEqual(["write 262144", "write 262144", "write 75710"]);
    expect([bytes[0], bytes[599_999], bytes.indexOf(0), bytes.lastIndexOf(0)]).toEqual([1, 1, 1, 599_998]);
  });

  it.each(["zero", "cache"] as const)(
    "yields to the event loop during a long request, and gives up when the client disconnects (%s)",
    async (kind) => {
      const client = new AbortController();
      const handle: Handle = { size: 2n ** 62n, read: () => {}, write: () => {}, cacheByReading: true };
      const served = new ServedExport(handle, false, client.signal);
      const endless = kind === "zero" ? served.zero(0n, 2 ** 52, flags) : served.cache(0n, 2 ** 52);
      setImmediate(() => client.abort(new NbdError("ECONNRESET", "gone")));
      await expect(endless).rejects.toThrow("gone");
    },
  );

  it("refuses a fast zero", async () => {
    for (const zero of [undefined, () => Promise.reject(new NbdError("ENOTSUP", "no"))]) {
      const { asked, served } = disk(10, zero === undefined ? {} : { zero });
      await expect(served.zero(0n, 10, { ...flags, fastZero: true })).rejects.toMatchObject({
        code: "ENOTSUP",
      });
      expect(asked).toEqual([]);
    }
  });

  it.each(["ENOTSUP", "EOPNOTSUPP"])("is zeroed by writing also when its zero throws %s", async (code) => {
    const { bytes, served } = disk(10, {
      zero: () => {
        throw new NbdError(code, "no");
      },
    });
    await served.zero(0n, 10, flags);
    expect([...bytes]).toEqual(Array(10).fill(0));
  });

  it("fails with any other error of zero", async () => {
    const { asked, served } = disk(10, {
      zero: () => {
        throw new NbdError("ENOSPC", "full");
      },
    });
    await expect(served.zero(0n, 10, flags)).rejects.toMatchObject({ code: "ENOSPC" });
    expect(asked).toEqual([]);
  });
});

describe("FUA", () => {
  it("is a flush after the change where the handle has no native FUA", async () => {
    const { asked, served } = disk(10, {
      trim: () => void asked.push("trim"),
      zero: () => void asked.push("zero"),
    });
    await served.write(new Uint8Array(3), 0n, true);
    await served.trim(0n, 3, true);
    await served.zero(0n, 3, { ...flags, fua: true });
    expect(asked).toEqual(["write 3", "flush", "trim", "flush", "zero", "flush"]);
  });

  it("flushes after a change that answers later, and does not flush after a change that failed", async () => {
    let release!: () => void;
    const { asked, served } = disk(10, {
      write: () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    });
    const written = served.write(new Uint8Array(1), 0n, true);
    expect(asked).toEqual([]);
    release();
    await written;
    expect(asked).toEqual(["flush"]);
    const broken = disk(10, { write: () => Promise.reject(new NbdError("EIO", "bad")) });
    await expect(broken.served.write(new Uint8Array(1), 0n, true)).rejects.toThrow("bad");
    expect(broken.asked).toEqual([]);
  });

  it("is passed on where the handle has native FUA", async () => {
    const { asked, served } = disk(10, { nativeFua: true });
    await served.write(new Uint8Array(2), 0n, true);
    expect(asked).toEqual(["write 2 fua"]);
  });

  it("is offered only when the handle supports it or can flush", () => {
    const without = disk(10);
    expect(without.served.canFua).toBe(true);
    const { flush: _, ...handle } = { size: 1n, read: () => {}, write: () => {}, flush: undefined };
    expect(new ServedExport(handle, false).canFua).toBe(false);
    expect(new ServedExport({ ...handle, nativeFua: true }, false).canFua).toBe(true);
    expect(new ServedExport({ ...handle, nativeFua: true }, true).canFua).toBe(false);
  });
});

describe("what an export can do", () => {
  it("follows from the methods of its handle", () => {
    const least = new ServedExport({ size: 5n, read: () => {} }, false);
    expect(least).toMatchObject({
      size: 5n,
      canWrite: false,
      canFlush: false,
      canTrim: false,
      canZero: false,
      canFastZero: false,
      canFua: false,
      canCache: false,
      canMultiConn: false,
      rotational: false,
    });
    const most = disk(5, {
      trim: () => {},
      zero: () => {},
      fastZero: true,
      cache: () => {},
      multiConn: true,
      rotational: true,
    });
    expect(most.served).toMatchObject({
      canWrite: true,
      canFlush: true,
      canTrim: true,
      canZero: true,
      canFastZero: true,
      canFua: true,
      canCache: true,
      canMultiConn: true,
      rotational: true,
    });
  });

  it("excludes all changes for a read-only client", () => {
    const { trim, zero } = { trim: () => {}, zero: () => {} };
    const readOnly = new ServedExport(
      { size: 5n, read: () => {}, write: () => {}, flush: () => {}, trim, zero },
      true,
    );
    expect(readOnly).toMatchObject({
      canWrite: false,
      canTrim: false,
      canZero: false,
      canFastZero: false,
      canFlush: true,
    });
  });

  it("includes caching by reading, if the handle allows it", async () => {
    const { asked, served } = disk(3_000_000, { cacheByReading: true });
    expect(served.canCache).toBe(true);
    await served.cache(0n, 2_500_000);
    expect(asked).toEqual(["read 2500000"]);
  });

  it("includes caching by reading at most 64 MiB at once, or the maximum of the disk", async () => {
    const asked: number[] = [];
    const handle: Handle = {
      size: 2n ** 30n,
      read: (into) => void asked.push(into.length),
      cacheByReading: true,
    };
    await new ServedExport(handle, false).cache(0n, 100_000_000);
    expect(asked.splice(0)).toEqual([67_108_864, 32_891_136]);
    const blockSize = { minimum: 512, preferred: 4096, maximum: 40_000_000 };
    await new ServedExport({ ...handle, blockSize }, false).cache(0n, 100_000_000);
    expect(asked).toEqual([40_000_000, 40_000_000, 20_000_000]);
  });

  it("includes writing a single piece of zeroes with native FUA", async () => {
    const { asked, served } = disk(600_000, { nativeFua: true });
    await served.zero(0n, 4096, { ...flags, fua: true });
    await served.zero(0n, 300_000, { ...flags, fua: true });
    expect(asked).toEqual(["write 4096 fua", "write 262144", "write 37856", "flush"]);
  });

  it("includes the state of a whole block, also when the first extent is shorter and one is asked for", async () => {
    const blockSize = { minimum: 4096, preferred: 4096, maximum: 65_536 };
    const hole = { length: 512n, hole: true, zero: true };
    const zeroes = { length: 3584n, hole: false, zero: true };
    const status = (_at: bigint, _length: number, one: boolean) =>
      [
        { length: 512n, state: 3n },
        { length: 3584n, state: 2n },
      ].slice(0, one ? 1 : 2);
    const context = { name: "x:y", status };
    const { served } = disk(65_536, {
      blockSize,
      extents: (_at, _length, one) => (one ? [hole] : [hole, zeroes]),
      metaContexts: [context],
    });
    for (const one of [true, false]) {
      expect(await served.extents(0n, 4096, one)).toEqual([{ length: 4096n, hole: false, zero: true }]);
      expect(await served.status(context, 0n, 4096, one)).toEqual([{ length: 4096n, state: 2n }]);
    }
  });

  it("includes extents, which are all data where the handle has none", async () => {
    const { served } = disk(100);
    expect(await served.extents(10n, 50, false)).toEqual([{ length: 50n, hole: false, zero: false }]);
  });

  it("includes the rest of the last extent, up to the end of the disk, unless one is asked for", async () => {
    const extents = () => [
      { length: 20n, hole: false, zero: false },
      { length: 1000n, hole: true, zero: true },
    ];
    const status = () => [{ length: 1000n, state: 1n }];
    const context = { name: "x:y", status };
    const { served } = disk(100, { extents, metaContexts: [context] });
    const lengths = (found: readonly { length: bigint }[]) => found.map(({ length }) => Number(length));
    expect(lengths(await served.extents(10n, 5, false))).toEqual([20]);
    expect(lengths(await served.extents(10n, 50, false))).toEqual([20, 70]);
    expect(lengths(await served.extents(10n, 5, true))).toEqual([5]);
    expect(lengths(await served.status(context, 10n, 5, false))).toEqual([90]);
    expect(lengths(await served.status(context, 10n, 5, true))).toEqual([5]);
  });

  it("excludes ranges beyond its end, which are an internal error", () => {
    const { asked, served } = disk(10);
    expect(() => served.read(new Uint8Array(1), 10n)).toThrow("assertion");
    expect(() => served.read(new Uint8Array(1), -1n)).toThrow("assertion");
    expect(() => served.write(new Uint8Array(11), 0n, false)).toThrow("assertion");
    expect(() => served.trim(0n, 1, false)).toThrow("assertion");
    expect(asked).toEqual([]);
  });
});
