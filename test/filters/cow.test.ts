import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it, vi } from "vitest";
import cow from "../../src/filters/cow.ts";
import memory from "../../src/plugins/memory.ts";
import pattern from "../../src/plugins/pattern.ts";
import { Random } from "../../src/testing/random.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { Folder } from "../helpers/folder.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";

const filters = [cow];
const flags = { fua: false, mayTrim: true, fastZero: false };

testPlugin("cow", { plugin: memory, filters, parameters: { size: "300000" }, runs: 20 });
testPlugin("cow with small blocks over a pattern, copying what is read", {
  plugin: pattern,
  filters,
  parameters: { size: "300001", "cow-block-size": "4k", "cow-on-read": "true", "cow-on-cache": "true" },
  runs: 20,
});
testPlugin("cow over a large disk", { plugin: memory, filters, parameters: { size: "1T" }, runs: 10 });
testPlugin("cow over a disk that is larger than a file of its file system may be", {
  plugin: memory,
  filters,
  parameters: { size: "9223372036854775807" },
  runs: 10,
});

function start(parameters: Record<string, string>, fake: RecordingFake): Promise<TestedChain> {
  return TestedChain.start({ plugin: fake.plugin, filters, parameters });
}

describe("cow", () => {
  const folder = new Folder();
  afterAll(() => folder[Symbol.dispose]());

  it("cow accepts writes over a read-only disk and opens the disk read-only", async () => {
    const fake = new RecordingFake(new Random(1).bytes(100_000), {
      without: ["write", "zero", "trim", "flush"],
    });
    const original = Buffer.from(fake.bytes);
    await using session = await start({}, fake);
    const disk = await session.open();
    expect(fake.opened).toEqual([{ readOnly: true, exportName: "" }]);
    const expected = Buffer.from(original);
    for (const [at, length] of [
      [5, 10],
      [65_530, 20],
      [99_999, 1],
    ] as const) {
      await disk.write(expected.subarray(at, at + length).fill(at), BigInt(at), true);
    }
    expect(await contents(disk)).toEqual(expected);
    expect(fake.bytes).toEqual(original);
  });

  it("cow keeps the writes of a client for later clients, also without a flush", async () => {
    await using session = await start({}, new RecordingFake(Buffer.alloc(100_000)));
    const first = await session.open();
    await first.write(Buffer.from("written"), 1000n, false);
    await session.close(first);
    expect(await contents(await session.open(), 1000n, 7)).toEqual(Buffer.from("written"));
  });

  it("cow logs the state changes of blocks with -D cow.verbose=1", async () => {
    const fake = new RecordingFake(Buffer.alloc(300_000));
    const options = { plugin: fake.plugin, filters, parameters: {}, debugFlags: { verbose: 1 } };
    await using session = await TestedChain.start(options);
    const disk = await session.open();
    await disk.write(Buffer.alloc(10), 100_000n, false);
    await disk.zero(131_072n, 131_072, flags);
    expect(session.debugLines).toEqual([
      "cow: block 1 (offset 65536), 1 in a row: kept here",
      "cow: block 1 (offset 65536), 1 in a row: kept here",
      "cow: block 2 (offset 131072), 2 in a row: zeroes",
    ]);
  });

  it("cow has one overlay for each export", async () => {
    await using session = await start({}, new RecordingFake(Buffer.alloc(100_000)));
    const [one, other] = [
      await session.open({ exportName: "one" }),
      await session.open({ exportName: "other" }),
    ];
    await one.write(Buffer.from("written"), 0n, false);
    expect(await contents(other, 0n, 7)).toEqual(Buffer.alloc(7));
    expect(await contents(await session.open({ exportName: "one" }), 0n, 7)).toEqual(Buffer.from("written"));
  });

  it("cow refuses a disk whose size has changed", async () => {
    const fake = new RecordingFake(Buffer.alloc(100_000));
    await using session = await start({}, fake);
    await (await session.open()).write(Buffer.alloc(1), 0n, false);
    fake.bytes = Buffer.alloc(1000);
    await expect(session.open()).rejects.toThrow("was 100000 bytes long and is 1000 now");
    expect((await session.open({ exportName: "other" })).size).toBe(1000n);
  });

  it("cow zeroes whole blocks without copying them and refuses fast zeroes of partial blocks", async () => {
    const fake = new RecordingFake(Buffer.alloc(256 * 1024, 1));
    await using session = await start({}, fake);
    const disk = await session.open();
    await disk.zero(65_536n, 131_072, { ...flags, fastZero: true });
    await expect(disk.zero(1n, 65_536, { ...flags, fastZero: true })).rejects.toMatchObject({
      code: "ENOTSUP",
    });
    expect(fake.take()).toEqual([]);
    expect(
      (await disk.extents(0n, 256 * 1024, false)).map(({ length, hole }) => [Number(length), hole]),
    ).toEqual([
      [65_536, false],
      [131_072, true],
      [65_536, false],
    ]);
  });

  it("cow accepts a terabyte of zeroes at once", async () => {
    await using session = await TestedChain.start({ plugin: memory, filters, parameters: { size: "4E" } });
    const disk = await session.open();
    await disk.write(Buffer.alloc(1, 1), 1n << 40n, false);
    await disk.trim(0n, 2 ** 52, false);
    expect(await disk.extents(0n, 2 ** 52, false)).toEqual([{ length: 2n ** 52n, hole: true, zero: true }]);
  });

  it("cow copies blocks with cow-on-read and cow-on-cache, also when the file of cow-on-read appears later", async () => {
    const fake = new RecordingFake(Buffer.alloc(256 * 1024, 1));
    const path = folder.join("on");
    await using session = await start({ "cow-on-read": path, "cow-on-cache": "yes" }, fake);
    const disk = await session.open();
    const read = async (at: bigint) => {
      await contents(disk, at, 10);
      return fake.take();
    };
    expect([await read(0n), await read(0n)]).toEqual([["read 0+10"], ["read 0+10"]]);
    writeFileSync(path, "");
    expect([await read(0n), await read(0n)]).toEqual([["read 0+65536"], []]);
    rmSync(path);
    await disk.cache(70_000n, 1);
    expect([fake.take(), await read(65_536n)]).toEqual([["read 65536+65536"], []]);
  });

  it("cow leaves no file behind, and its error names the folder where it cannot create one", async () => {
    vi.stubEnv("TMPDIR", folder.path);
    try {
      await using session = await start({}, new RecordingFake(Buffer.alloc(100_000)));
      await (await session.open()).write(Buffer.alloc(100), 0n, false);
      expect(readdirSync(folder.path)).toEqual([]);
      vi.stubEnv("TMPDIR", folder.join("nothing"));
      expect(existsSync(folder.join("nothing"))).toBe(false);
      await using other = await start({}, new RecordingFake(Buffer.alloc(100_000)));
      const disk = await other.open();
      await expect(async () => disk.write(Buffer.alloc(100), 0n, false)).rejects.toThrow(
        `mkostemp: ${folder.path}/nothing: No such file or directory`,
      );
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it.each(["4095", "5000", "4G", "0"])("cow refuses cow-block-size=%s", async (size) => {
    await expect(start({ "cow-block-size": size }, new RecordingFake(Buffer.alloc(1)))).rejects.toThrow(
      "cow-block-size is out of range (4096..2G) or not a power of 2",
    );
  });
});
