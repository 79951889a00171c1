import { describe, expect, it } from "vitest";
import type { AnyPlugin } from "../../src/chain/component.ts";
import blocksize from "../../src/filters/blocksize.ts";
import count from "../../src/filters/count.ts";
import error from "../../src/filters/error.ts";
import memory from "../../src/plugins/memory.ts";
import type { ServedExport } from "../../src/served/served-export.ts";
import { Random } from "../../src/testing/random.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { RecordingFake, type WitnessOptions } from "../helpers/recording-fake.ts";

const filters = [blocksize];
const flags = { fua: false, mayTrim: true, fastZero: false };

testPlugin("blocksize", { plugin: memory, filters, parameters: { size: "300001" }, runs: 5 });
testPlugin("blocksize with small requests", {
  plugin: memory,
  filters,
  parameters: { size: "300001", minblock: "4k", maxdata: "8k", maxlen: "12k" },
  runs: 20,
});

async function start(parameters: Record<string, string>, options: WitnessOptions = {}) {
  const fake = new RecordingFake(new Random(1).bytes(100_000), options);
  const session = await TestedChain.start({ plugin: fake.plugin, filters, parameters });
  return { fake, session, disk: await session.open() };
}

describe("blocksize", () => {
  it.each([
    ["holes, once", (_at: number) => ({ hole: true, zero: true })],
    ["zeroes, some of them holes", (at: number) => ({ hole: at % 1024 === 0, zero: true })],
    ["holes, some of them zeroes", (at: number) => ({ hole: true, zero: at % 1024 === 0 })],
    ["data where one extent is data", (at: number) => ({ hole: at !== 70_144, zero: at !== 70_144 })],
  ] as const)(
    "blocksize combines all extents of a block, also from several answers of the disk: %s",
    async (_title, kind) => {
      const bytes = 512;
      const kindOf = (start: number, end: number) => {
        const kinds = Array.from({ length: (end - start) / bytes }, (_, index) =>
          kind(start + index * bytes),
        );
        return { hole: kinds.every(({ hole }) => hole), zero: kinds.every(({ zero }) => zero) };
      };
      for (const atOnce of [1, 3, 1000]) {
        const extents = (offset: bigint, _length: number, one: boolean) =>
          Array.from({ length: one ? 1 : atOnce }, (_, index) => ({
            length: BigInt(bytes),
            ...kind(Number(offset) + index * bytes),
          }));
        const plugin: AnyPlugin = { name: "tiny", open: () => ({ size: 131_072n, read: () => {}, extents }) };
        await using session = await TestedChain.start({ plugin, filters, parameters: { minblock: "64k" } });
        const disk = await session.open();
        for (const one of [true, false]) {
          const [first] = await disk.extents(100n, 100_000, one);
          const [second] = await disk.extents(65_536n, 65_536, one);
          expect(first).toMatchObject(kindOf(0, 65_536));
          expect(second).toEqual({ length: 65_536n, ...kindOf(65_536, 131_072) });
        }
      }
    },
  );

  it.each([
    ["write", (disk: ServedExport) => disk.write(Buffer.alloc(16_384), 0n, true)],
    ["zero", (disk: ServedExport) => disk.zero(0n, 16_384, { ...flags, fua: true })],
    ["trim", (disk: ServedExport) => disk.trim(0n, 16_384, true)],
  ] as const)(
    "blocksize flushes once after all pieces of a %s with FUA, also below another filter",
    async (kind, ask) => {
      const pieces = [0, 4096, 8192, 12_288].map((at) => `${kind} ${at}+4096`);
      for (const between of [[], [count], [count, error]]) {
        const fake = new RecordingFake(Buffer.alloc(65_536), { nativeFua: false });
        const parameters = {
          minblock: "4k",
          maxdata: "4k",
          maxlen: "4k",
          ...(between.includes(error) && { "error-rate": "0" }),
        };
        const session = { plugin: fake.plugin, filters: [blocksize, ...between], parameters };
        await using started = await TestedChain.start(session);
        await ask(await started.open());
        expect(fake.take()).toEqual([...pieces, "flush"]);
      }
    },
  );

  it("blocksize passes native FUA on with each piece", async () => {
    const { session, disk, fake } = await start({ maxdata: "4k", minblock: "4k" });
    await using _ = session;
    await disk.write(Buffer.alloc(8192), 0n, true);
    expect(fake.take()).toEqual(["write 0+4096 fua", "write 4096+4096 fua"]);
  });

  it("blocksize serves whole blocks only and advertises a minimum block size of 1", async () => {
    const { session, disk } = await start({ minblock: "4k" });
    await using _ = session;
    expect(disk.size).toBe(98_304n);
    expect(disk.blockSize).toEqual({ minimum: 1, preferred: 4096, maximum: 0xffff_ffff });
  });

  it.each([
    [{ minblock: "4k", maxdata: "8k", maxlen: "16k" }, {}],
    [{}, { blockSize: { minimum: 4096, preferred: 4096, maximum: 8192 } }],
  ] as const)(
    "blocksize with %j over %j passes on whole blocks of the allowed size",
    async (parameters, options) => {
      const { session, disk, fake } = await start(parameters, options);
      await using _ = session;
      const random = new Random(2);
      for (let count = 0; count < 100; count++) {
        const at = random.below(98_304);
        const length = random.between(1, 98_304 - at);
        const offset = BigInt(at);
        await contents(disk, offset, length);
        await disk.write(random.bytes(length), offset, random.oneIn(2));
        await disk.zero(offset, length, flags);
        await disk.trim(offset, length, false);
        await disk.cache(offset, length);
        await disk.extents(offset, length, false);
      }
      for (const call of fake.take()) {
        const [, kind, at, bytes] = /^(\w+) (\d+)\+(\d+)/.exec(call)!;
        expect([Number(at) % 4096, Number(bytes) % 4096], call).toEqual([0, 0]);
        const most = ["read", "write", "cache"].includes(kind!) ? 8192 : 16_384;
        if ("maxlen" in parameters || most === 8192) expect(Number(bytes), call).toBeLessThanOrEqual(most);
      }
    },
  );

  it("blocksize reads and writes whole blocks for partial ones, skips them in trims, and refuses fast zeroes of them", async () => {
    const { session, disk, fake } = await start({ minblock: "4k" });
    await using _ = session;
    await disk.write(Buffer.alloc(4096, 1), 4000n, true);
    expect(fake.take()).toEqual(["read 0+4096", "write 0+4096 fua", "read 4096+4096", "write 4096+4096 fua"]);
    await disk.trim(4000n, 8192, false);
    expect(fake.take()).toEqual(["trim 4096+4096"]);
    await expect(disk.zero(4000n, 96, { ...flags, fastZero: true })).rejects.toMatchObject({
      code: "ENOTSUP",
    });
  });

  it.each([
    [{ minblock: "3" }, "minblock must be a power of 2"],
    [{ minblock: "128k" }, "minblock must not exceed 65536"],
    [{ maxdata: "0" }, "parameter 'maxdata' must be non-zero if specified"],
    [{ maxlen: "4G" }, "parameter 'maxlen' too large"],
    [{ minblock: "512", maxlen: "1000" }, "maxlen must be a multiple of 512"],
  ] as const)("blocksize refuses the parameters %j", async (parameters, message) => {
    await expect(start(parameters)).rejects.toThrow(message);
  });
});
