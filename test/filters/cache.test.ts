import { describe, expect, it } from "vitest";
import cache from "../../src/filters/cache.ts";
import count from "../../src/filters/count.ts";
import cow from "../../src/filters/cow.ts";
import offset from "../../src/filters/offset.ts";
import memory from "../../src/plugins/memory.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";

const filters = [cache];
const block = 65_536;
const flags = { fua: false, mayTrim: true, fastZero: false };
/** At most 16 blocks; eviction leaves 2 blocks. */
const small = {
  "cache-min-block-size": "64k",
  "cache-max-size": "1M",
  "cache-high-threshold": "30",
  "cache-low-threshold": "13",
};

for (const mode of ["writeback", "writethrough", "unsafe"]) {
  testPlugin(`cache=${mode}`, {
    plugin: memory,
    filters,
    parameters: { size: "300001", cache: mode },
    runs: 5,
  });
}
testPlugin("cache over a disk that is larger than a file of its file system may be", {
  plugin: memory,
  filters,
  parameters: { size: "9223372036854775807" },
  runs: 5,
});
testPlugin("cache of limited size, keeping what is read", {
  plugin: memory,
  filters,
  parameters: { size: "3M", ...small, "cache-on-read": "yes" },
  runs: 5,
});

function start(parameters: Record<string, string>, fake: RecordingFake): Promise<TestedChain> {
  return TestedChain.start({ plugin: fake.plugin, filters, parameters });
}

describe("cache", () => {
  it("cache writes to the disk when a client flushes, and not before", async () => {
    const fake = new RecordingFake(Buffer.alloc(4 * block));
    await using session = await start({}, fake);
    const [disk, other] = [await session.open(), await session.open()];
    await disk.write(Buffer.alloc(10, 1), 5n, false);
    expect(fake.take()).toEqual([`read 0+${block}`]);
    expect(await contents(other, 0n, 20)).toEqual(
      Buffer.concat([Buffer.alloc(5), Buffer.alloc(10, 1), Buffer.alloc(5)]),
    );
    expect((await other.extents(0n, 4 * block, true))[0]).toMatchObject({ hole: false, zero: false });
    fake.take();
    await other.flush();
    expect(fake.take()).toEqual([`write 0+${block}`, "flush"]);
    await other.flush();
    expect(fake.take()).toEqual(["flush"]);
  });

  it("cache logs the state changes of blocks with -D cache.verbose=1", async () => {
    const { plugin } = new RecordingFake(Buffer.alloc(4 * block));
    await using session = await TestedChain.start({
      plugin,
      filters,
      parameters: {},
      debugFlags: { verbose: 1 },
    });
    const disk = await session.open();
    await disk.write(Buffer.alloc(block), BigInt(block), false);
    await disk.flush();
    const traced = session.debugLines.map((line) => /: ([^:]*)$/.exec(line)![1]);
    expect(traced).toEqual(["newer here than in the disk below", "cached"]);
  });

  it("cache passes no zeroes or trims on with cache=unsafe, also under the filter count", async () => {
    const fake = new RecordingFake(Buffer.alloc(4 * block, 7));
    await using session = await TestedChain.start({
      plugin: fake.plugin,
      filters: [count, cache],
      parameters: { cache: "unsafe" },
    });
    const disk = await session.open();
    expect([disk.canZero, disk.canTrim]).toEqual([true, true]);
    await disk.zero(10n, block, flags);
    await disk.trim(0n, block, false);
    expect(await contents(disk, 10n, block)).toEqual(Buffer.alloc(block));
    await disk.flush();
    expect(fake.bytes.equals(Buffer.alloc(4 * block, 7))).toBe(true);
  });

  it.each([[[cache]], [[cache, offset]]])(
    "cache is shared by all export names of one disk",
    async (chain) => {
      const options = { plugin: memory, filters: chain, parameters: { size: "300k" } };
      await using session = await TestedChain.start(options);
      const one = await session.open({ exportName: "one" });
      const other = await session.open({ exportName: "other" });
      await one.write(Buffer.from("one"), 0n, false);
      await other.write(Buffer.from("other"), 3n, false);
      await other.flush();
      await one.flush();
      expect(await contents(one, 0n, 8)).toEqual(Buffer.from("oneother"));
    },
  );

  it("cache is separate for each export over a filter that serves a different disk for each export", async () => {
    const options = { plugin: memory, filters: [cache, cow], parameters: { size: "300k" } };
    await using session = await TestedChain.start(options);
    const one = await session.open({ exportName: "one" });
    const other = await session.open({ exportName: "other" });
    await one.write(Buffer.from("one"), 0n, false);
    await one.flush();
    expect(await contents(other, 0n, 3)).toEqual(Buffer.alloc(3));
  });

  it("cache is separate for each export when the disk has no identity", async () => {
    await using session = await start({}, new RecordingFake(Buffer.alloc(4 * block)));
    const one = await session.open({ exportName: "one" });
    await one.write(Buffer.from("one"), 0n, false);
    const other = await session.open({ exportName: "other" });
    expect(await contents(other, 0n, 3)).toEqual(Buffer.alloc(3));
  });

  it("cache loses no data when a client dies before it flushes", async () => {
    const fake = new RecordingFake(Buffer.alloc(4 * block));
    await using session = await start({}, fake);
    const disk = await session.open();
    await disk.write(Buffer.alloc(block, 1), 0n, false);
    await session.close(disk);
    expect(fake.bytes.subarray(0, block)).toEqual(Buffer.alloc(block, 1));
    expect(fake.take()).toEqual([`write 0+${block}`, "flush"]);
    await session.close(await session.open());
    expect(fake.take()).toEqual([]);
  });

  it("cache keeps blocks that could not be written, logs the error, and tries again", async () => {
    const fake = new RecordingFake(Buffer.alloc(4 * block));
    await using session = await start({}, fake);
    const disk = await session.open();
    await disk.write(Buffer.alloc(block, 1), 0n, false);
    await disk.write(Buffer.alloc(block, 3), BigInt(2 * block), false);
    fake.failing = "write";
    await expect(async () => disk.flush()).rejects.toMatchObject({ code: "EIO" });
    expect(session.debugLines).toEqual(
      [0, 2].map((at) => expect.stringContaining(`flush of block ${at} failed`)),
    );
    fake.failing = undefined;
    await disk.flush();
    expect([fake.bytes[0], fake.bytes[2 * block]]).toEqual([1, 3]);
  });

  it.each(["write", "zero", "trim"] as const)(
    "cache drops the clean blocks that a failed %s may have changed",
    async (kind) => {
      const fake = new RecordingFake(Buffer.alloc(4 * block, 9));
      await using session = await start({}, fake);
      const disk = await session.open();
      await disk.cache(0n, 4 * block);
      fake.losing = kind;
      const changes = {
        write: () => disk.write(Buffer.alloc(2 * block, 1), 10n, true),
        zero: () => disk.zero(10n, 2 * block, flags),
        trim: () => disk.trim(10n, 2 * block, false),
      };
      await expect(async () => changes[kind]()).rejects.toMatchObject({ code: "EIO" });
      expect((await contents(disk)).equals(fake.bytes)).toBe(true);
    },
  );

  it("cache evicts other blocks when it cannot write one block, and keeps that block", async () => {
    const fake = new RecordingFake(Buffer.alloc(20 * block));
    await using session = await start(small, fake);
    const disk = await session.open();
    await disk.write(Buffer.alloc(block, 1), 0n, false);
    fake.failing = "write";
    await disk.cache(BigInt(block), 4 * block);
    expect(session.debugLines).toEqual([expect.stringContaining("cannot make room")]);
    fake.take();
    await disk.cache(BigInt(5 * block), block);
    await contents(disk, 0n, 10);
    expect(fake.take()).toEqual([`read ${5 * block}+${block}`]);
    await contents(disk, BigInt(block), 10);
    expect(fake.take()).toEqual([`read ${block}+10`]);
    fake.failing = undefined;
    await disk.flush();
    expect(fake.bytes[0]).toBe(1);
  });

  it("cache writes no dirty blocks through a read-only connection", async () => {
    const fake = new RecordingFake(Buffer.alloc(4 * block));
    await using session = await start({}, fake);
    const [disk, reader] = [await session.open(), await session.open({ readOnly: true })];
    await disk.write(Buffer.alloc(block, 1), 0n, false);
    await reader.flush();
    await session.close(reader);
    expect(fake.take()).toEqual(["flush"]);
    await disk.flush();
    expect(fake.take()).toEqual([`write 0+${block}`, "flush"]);
  });

  it("cache without writethrough offers flush over any disk, and only cache=unsafe adds multi-conn", async () => {
    const { plugin, bytes } = new RecordingFake(Buffer.alloc(4 * block), { without: ["flush", "multiConn"] });
    for (const [mode, can] of [
      ["writeback", [true, false]],
      ["writethrough", [false, false]],
      ["unsafe", [true, true]],
    ] as const) {
      await using session = await TestedChain.start({ plugin, filters, parameters: { cache: mode } });
      const disk = await session.open();
      expect([mode, disk.canFlush, disk.canMultiConn]).toEqual([mode, ...can]);
      await disk.write(Buffer.alloc(block, 1), 0n, false);
      await disk.flush();
      expect(bytes[0]).toBe(mode === "unsafe" ? 0 : 1);
      bytes.fill(0);
    }
  });

  it("cache writes only the data with FUA at once", async () => {
    const fake = new RecordingFake(Buffer.alloc(4 * block));
    await using session = await start({}, fake);
    const disk = await session.open();
    await disk.write(Buffer.alloc(10, 1), 0n, false);
    fake.take();
    await disk.write(Buffer.alloc(10, 2), 5n, true);
    expect(fake.take()).toEqual(["write 5+10 fua"]);
    await disk.flush();
    expect(fake.bytes.subarray(0, 16)).toEqual(
      Buffer.from("\x01\x01\x01\x01\x01\x02\x02\x02\x02\x02\x02\x02\x02\x02\x02\x00"),
    );
  });

  it("cache=writethrough writes all data at once and serves later reads of whole blocks from the cache", async () => {
    const fake = new RecordingFake(Buffer.alloc(4 * block));
    await using session = await start({ cache: "writethrough" }, fake);
    const disk = await session.open();
    await disk.write(Buffer.alloc(block, 1), 0n, false);
    await disk.write(Buffer.alloc(10, 2), 100n, false);
    expect(fake.take()).toEqual([`write 0+${block}`, "write 100+10"]);
    expect((await contents(disk, 0n, block)).equals(fake.bytes.subarray(0, block))).toBe(true);
    expect(fake.take()).toEqual([]);
  });

  it("cache=unsafe never writes to the disk, also for flush and FUA", async () => {
    const fake = new RecordingFake(Buffer.alloc(4 * block), { without: ["flush"], nativeFua: false });
    await using session = await start({ cache: "unsafe" }, fake);
    const disk = await session.open();
    expect([disk.canFlush, disk.canFua]).toEqual([true, true]);
    await disk.write(Buffer.alloc(block, 1), 0n, true);
    await disk.flush();
    await session.close(disk);
    expect(fake.take()).toEqual([]);
    expect(await contents(await session.open(), 0n, block)).toEqual(Buffer.alloc(block, 1));
  });

  it("cache respects its size limit: it evicts the least recently used blocks and writes dirty ones first", async () => {
    const fake = new RecordingFake(Buffer.alloc(20 * block));
    await using session = await start(small, fake);
    const disk = await session.open();
    const write = (at: number) => disk.write(Buffer.alloc(block, at + 1), BigInt(at * block), false);
    for (const at of [0, 1, 2, 3]) await write(at);
    await contents(disk, 0n, 10);
    expect(fake.take()).toEqual([]);
    await write(4);
    expect(fake.take()).toEqual([1, 2, 3].map((at) => `write ${at * block}+${block}`));
    await contents(disk, 0n, 10);
    await contents(disk, BigInt(4 * block), 10);
    expect(fake.take()).toEqual([]);
    for (const at of [0, 1, 2, 3, 4]) {
      expect(await contents(disk, BigInt(at * block), block)).toEqual(Buffer.alloc(block, at + 1));
    }
  });

  it("cache writes dirty blocks before it passes zeroes and trims on, and drops the blocks", async () => {
    const fake = new RecordingFake(Buffer.alloc(4 * block, 9));
    await using session = await start({}, fake);
    const disk = await session.open();
    await disk.write(Buffer.alloc(2 * block, 1), 0n, false);
    await disk.zero(10n, block, flags);
    expect(fake.take()).toEqual([`write 0+${2 * block}`, `zero 10+${block}`]);
    const expected = Buffer.alloc(2 * block, 1).fill(0, 10, 10 + block);
    expect((await contents(disk, 0n, 2 * block)).equals(expected)).toBe(true);
    expect(fake.take()).toEqual([`read 0+${2 * block}`]);
  });

  it("cache keeps blocks that are read with cache-on-read, and blocks of cache requests", async () => {
    const fake = new RecordingFake(Buffer.alloc(4 * block, 9));
    await using session = await start({}, fake);
    const disk = await session.open();
    await contents(disk, 10n, 10);
    await disk.cache(10n, 10);
    await contents(disk, 10n, 10);
    expect(fake.take()).toEqual(["read 10+10", `read 0+${block}`]);
  });

  it.each([
    ["cache", cache, {}],
    ["cow", cow, { "cow-on-cache": "yes" }],
  ])("a cache request stops when its client disconnects: %s", async (_name, filter, parameters) => {
    const options = { plugin: memory, filters: [filter], parameters: { size: "4T", ...parameters } };
    await using session = await TestedChain.start(options);
    const gone = new AbortController();
    const disk = await session.open({ signal: gone.signal });
    const caching = disk.cache(0n, 2 ** 42);
    gone.abort(new Error("the client has gone"));
    await expect(caching).rejects.toThrow("the client has gone");
  });

  it.each([
    [{ cache: "no" }, "unknown cache mode: no"],
    [{ "cache-min-block-size": "512" }, "cache-min-block-size is not a power of 2, or is too small"],
    [{ "cache-max-size": "1023k" }, "cache-max-size is too small"],
    [{ "cache-max-size": "1M", "cache-low-threshold": "95" }, "cache-low-threshold must be less than"],
    [{ "cache-high-threshold": "0" }, "cache-high-threshold"],
  ] as const)("cache refuses the parameters %j", async (parameters, message) => {
    await expect(start(parameters, new RecordingFake(Buffer.alloc(1)))).rejects.toThrow(message);
  });
});
