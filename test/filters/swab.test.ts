import { describe, expect, it } from "vitest";
import type { AnyPlugin } from "../../src/chain/component.ts";
import blocksizePolicy from "../../src/filters/blocksize-policy.ts";
import swab from "../../src/filters/swab.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";
import { overMemory } from "./disks.ts";

const filters = [swab];

for (const bits of ["8", "16", "32", "64"]) {
  testPlugin(`swab of ${bits} bits`, { ...overMemory(swab, { size: "300001", "swab-bits": bits }), runs: 5 });
}

function start(bytes: Buffer, parameters: Record<string, string> = {}) {
  const fake = new RecordingFake(bytes);
  return { fake, chain: TestedChain.start({ plugin: fake.plugin, filters, parameters }) };
}

/** A plugin that answers at once. */
function quick(bytes: Buffer): AnyPlugin {
  const part = (at: number, length: number) => bytes.subarray(at, at + length);
  return {
    name: "quick",
    open: () => ({
      size: BigInt(bytes.length),
      read: (into, at) => into.set(part(Number(at), into.length)),
      readNow(buffer, from, to, at) {
        buffer.set(part(at, to - from), from);
        return true;
      },
      write: (from, at) => part(Number(at), from.length).set(from),
      writeNow(buffer, from, to, at) {
        part(at, to - from).set(buffer.subarray(from, to));
        return true;
      },
    }),
  };
}

describe("swab", () => {
  it.each([
    [{}, "badcfehg"],
    [{ "swab-bits": "8" }, "abcdefghijk"],
    [{ "swab-bits": "0x20" }, "dcbahgfe"],
    [{ "swab-bits": "64" }, "hgfedcba"],
  ])(
    "swab with %j swaps the bytes of each word, and leaves out a part of a word",
    async (parameters, text) => {
      const { chain, fake } = start(Buffer.from("abcdefghijk"), parameters);
      await using session = await chain;
      const disk = await session.open();
      const seen = (await contents(disk)).toString();
      expect(text.startsWith(seen.slice(0, 8))).toBe(true);
      expect(seen.length).toBe(11 - (11 % (disk.blockSize?.minimum ?? 1)));
      const from = Buffer.from("12345678");
      await disk.write(from, 0n, false);
      expect(from.toString()).toBe("12345678");
      expect((await contents(disk, 0n, 8)).toString()).toBe("12345678");
      expect(fake.bytes.subarray(8).toString()).toBe("ijk");
    },
  );

  it("swab answers at once where the disk does, and leaves the client's bytes as they are", async () => {
    const bytes = Buffer.from("abcdefgh");
    await using session = await TestedChain.start({ plugin: quick(bytes), filters, parameters: {} });
    const disk = await session.open();
    const buffer = Buffer.from("--1234--");
    expect([disk.writeNow(buffer, 2, 6, 2), buffer.toString(), bytes.toString()]).toEqual([
      true,
      "--1234--",
      "ab2143gh",
    ]);
    expect([disk.readNow(buffer, 0, 6, 2), buffer.toString()]).toEqual([true, "1234hg--"]);
    expect([
      disk.writeNow(buffer, 1, 4, 2),
      disk.writeNow(buffer, 1, 3, 1),
      disk.readNow(buffer, 0, 2, 3),
    ]).toEqual([false, false, false]);
    expect(bytes.toString()).toBe("ab2143gh");
  });

  it("swab combines the extents of each word", async () => {
    const hole = { hole: true, zero: true };
    const data = { hole: false, zero: false };
    const extents = () => [
      { length: 3n, ...hole },
      { length: 4n, ...data },
      { length: 9n, ...hole },
    ];
    const plugin: AnyPlugin = { name: "odd", open: () => ({ size: 16n, read: () => {}, extents }) };
    await using session = await TestedChain.start({ plugin, filters, parameters: { "swab-bits": "32" } });
    expect(await (await session.open()).extents(0n, 16, false)).toEqual([
      { length: 8n, ...data },
      { length: 8n, ...hole },
    ]);
  });

  it("swab refuses requests of parts of words, where another filter lets them pass", async () => {
    const { plugin } = new RecordingFake(Buffer.alloc(4096));
    const parameters = { "blocksize-minimum": "1" };
    await using session = await TestedChain.start({ plugin, filters: [blocksizePolicy, swab], parameters });
    const disk = await session.open();
    const refused = "requests to this filter must be aligned: use multiples of 2 bytes";
    const zero = { fua: false, mayTrim: true, fastZero: false };
    const requests = [
      async () => disk.read(Buffer.alloc(2), 1n),
      async () => disk.read(Buffer.alloc(3), 0n),
      async () => disk.write(Buffer.alloc(3), 2n, false),
      async () => disk.trim(1n, 2, false),
      async () => disk.zero(1n, 2, zero),
      async () => disk.cache(0n, 1),
      async () => disk.extents(1n, 10, false),
    ];
    for (const request of requests) await expect(request()).rejects.toThrow(refused);
  });

  it.each([
    ["7", "invalid swab-bits, must be 8, 16, 32 or 64"],
    ["-8", "invalid swab-bits, must be 8, 16, 32 or 64"],
    ["", "swab-bits: empty string where we expected a number"],
  ])("swab refuses swab-bits=%s", async (bits, refusal) => {
    await expect(start(Buffer.alloc(1), { "swab-bits": bits }).chain).rejects.toThrow(refusal);
  });
});
