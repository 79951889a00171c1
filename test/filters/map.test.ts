import { describe, expect, it } from "vitest";
import type { AnyPlugin } from "../../src/chain/component.ts";
import map from "../../src/filters/map.ts";
import { Random } from "../../src/testing/random.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { blockyPlugin } from "../helpers/blocky-plugin.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";
import { overMemory } from "./disks.ts";

const filters = [map];
const swapped = ["0-65535:65536", "65536-131071:0"];

testPlugin("map that swaps two ranges", { ...overMemory(map, { map: swapped }), runs: 5 });
testPlugin("map of a smaller disk", {
  ...overMemory(map, { map: ["0-99998:200001", "99999-199999:0"], "map-size": "200000" }),
  runs: 5,
});
testPlugin("map of a disk in blocks", {
  plugin: blockyPlugin(196_608, { minimum: 512, maximum: 4096 }, true),
  filters,
  parameters: { map: swapped },
  runs: 5,
});

async function start(
  parameters: Record<string, string | readonly string[]>,
  bytes = new Random(1).bytes(1000),
) {
  const fake = new RecordingFake(bytes);
  const session = await TestedChain.start({ plugin: fake.plugin, filters, parameters });
  return { session, disk: await session.open(), fake };
}

const zero = { fua: false, mayTrim: true, fastZero: false };

describe("map", () => {
  it("map sends each byte to the place that the first matching range names", async () => {
    const random = new Random(7);
    for (let count = 0; count < 30; count++) {
      const rules = Array.from({ length: random.below(6) + 1 }, () => {
        const start = random.below(1000);
        const end = random.between(start, 999);
        return { start, end, to: random.below(1000 - (end - start)) };
      });
      const parameters = { map: rules.map(({ start, end, to }) => `${start}-${end}:${to}`) };
      const { session, disk, fake } = await start(parameters);
      await using _ = session;
      const expected = Buffer.from(fake.bytes).map((byte, at, all) => {
        const rule = rules.find(({ start, end }) => at >= start && at <= end);
        return rule === undefined ? byte : (fake.bytes[at - rule.start + rule.to] ?? all.length);
      });
      expect((await contents(disk)).equals(expected)).toBe(true);
      const from = random.below(1000);
      const length = random.between(1, 1000 - from);
      const part = await contents(disk, BigInt(from), length);
      expect(part.equals(expected.subarray(from, from + length))).toBe(true);
    }
  });

  it("map splits each kind of request", async () => {
    const { session, disk, fake } = await start({ map: ["100-199:500", "150-299:0"] });
    await using _ = session;
    await disk.write(Buffer.alloc(300, 1), 50n, true);
    expect(fake.take()).toEqual([
      "write 50+50 fua",
      "write 500+100 fua",
      "write 50+100 fua",
      "write 300+50 fua",
    ]);
    await disk.trim(150n, 100, false);
    await disk.zero(150n, 100, zero);
    await disk.cache(150n, 100);
    expect(fake.take()).toEqual(
      ["trim", "zero", "cache"].flatMap((kind) => [`${kind} 550+50`, `${kind} 50+50`]),
    );
    await disk.read(Buffer.alloc(10), 100n);
    expect(fake.take()).toEqual(["read 500+10"]);
  });

  it("map reports the extents of the places below", async () => {
    const hole = { hole: true, zero: true };
    const data = { hole: false, zero: false };
    const plugin: AnyPlugin = {
      name: "halves",
      open: () => ({
        size: 1000n,
        read: () => {},
        extents: (offset) =>
          offset < 500n ? [{ length: 500n - offset, ...data }] : [{ length: 1000n - offset, ...hole }],
      }),
    };
    const parameters = { map: ["0-99:900", "600-999:0"] };
    await using session = await TestedChain.start({ plugin, filters, parameters });
    const disk = await session.open();
    const found = [];
    for (let at = 0n; at < 1000n; at += found.at(-1)?.length ?? 1000n) {
      found.push((await disk.extents(at, Number(1000n - at), true))[0]);
    }
    expect(found).toEqual([
      { length: 100n, ...hole },
      { length: 400n, ...data },
      { length: 100n, ...hole },
      { length: 400n, ...data },
    ]);
  });

  it("map answers at once where a request needs no splitting", async () => {
    const bytes = new Random(1).bytes(1000);
    const readNow = (buffer: Uint8Array, from: number, to: number, at: number): boolean => {
      buffer.set(bytes.subarray(at, at + to - from), from);
      return true;
    };
    const plugin: AnyPlugin = { name: "quick", open: () => ({ size: 1000n, read: () => {}, readNow }) };
    await using session = await TestedChain.start({ plugin, filters, parameters: { map: "0-99:995" } });
    const disk = await session.open();
    const buffer = Buffer.alloc(5);
    const now = (offset: number) => disk.readNow(buffer, 0, 5, offset);
    expect([now(0), buffer.equals(bytes.subarray(995))]).toEqual([true, true]);
    expect([now(1), now(97), now(100), buffer.equals(bytes.subarray(100, 105))]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it("map refuses requests after the end of the disk below, and changes nothing", async () => {
    const { session, disk, fake } = await start({ map: "100-199:950", "map-size": "2000" });
    await using _ = session;
    expect(disk.size).toBe(2000n);
    const implicit = "I/O access beyond end of plugin (from rule: implicit 1-1 mapping)";
    await expect(contents(disk, 990n, 20)).rejects.toThrow(implicit);
    await expect(async () => disk.zero(1500n, 20, zero)).rejects.toThrow(implicit);
    await expect(async () => disk.write(Buffer.alloc(100), 90n, false)).rejects.toMatchObject({
      code: "EIO",
      message: "I/O access beyond end of plugin (from rule: 100-199:950)",
    });
    expect(fake.take()).toEqual([]);
  });

  it("map without parameters changes nothing", async () => {
    await using session = await TestedChain.start(overMemory(map));
    expect((await session.open()).transferable?.layers).toBe(undefined);
  });

  it.each([
    ["0-511", "cannot parse range: 0-511"],
    ["0x0-0x1ff:0", "cannot parse range: 0x0-0x1ff:0"],
    ["0-511:1k", "cannot parse range: 0-511:1k"],
    ["0-18446744073709551616:0", "cannot parse range"],
    ["511-0:0", "invalid range, end < start: 511-0:0"],
  ])("map refuses map=%s", async (rule, refusal) => {
    await expect(start({ map: rule })).rejects.toThrow(refusal);
  });

  it("map refuses ranges that do not consist of blocks of the disk", async () => {
    const plugin = blockyPlugin(100_352, { minimum: 512, maximum: 4096 }, true);
    for (const [key, value] of [
      ["map", "0-511:1"],
      ["map", "0-510:0"],
      ["map-size", "1000"],
    ] as const) {
      await using session = await TestedChain.start({ plugin, filters, parameters: { [key]: value } });
      await expect(session.open()).rejects.toThrow("put --filter=blocksize after --filter=map");
    }
  });
});
