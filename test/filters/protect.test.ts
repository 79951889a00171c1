import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRanges } from "../../src/filters/protect/range.ts";
import protect from "../../src/filters/protect.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { overMemory, RecordingDisk, zeroFlags } from "./disks.ts";

testPlugin("protect of nothing over memory", { ...overMemory(protect), runs: 5 });
// The protected range is beyond the end of the disk.
testPlugin("protect over memory", {
  ...overMemory(protect, { protect: "307200-" }),
  runs: 5,
});

describe("a protected range", () => {
  it.each([
    ["0-511", [[0n, 512n]]],
    ["-0x1ff", [[0n, 512n]]],
    ["512-", [[512n, 2n ** 63n - 1n]]],
    ["010-8", [[8n, 9n]]],
    [
      "~512-1023",
      [
        [0n, 512n],
        [1024n, 2n ** 63n - 1n],
      ],
    ],
    ["~0-1023", [[1024n, 2n ** 63n - 1n]]],
    ["~-", []],
    ["-", [[0n, 2n ** 63n - 1n]]],
  ])("%s is parsed as the expected ranges", (text, expected) => {
    expect(parseRanges(text).map(({ start, end }) => [start, end])).toEqual(expected);
  });

  it.each([
    ["9", "cannot parse range, missing '-': 9"],
    ["9-3", "invalid range, end < start: 9-3"],
    ["a-b", 'range: could not parse number: "a" of a-b'],
    ["1-2-3", "cannot parse range"],
    ["1k-2k", 'could not parse number: "1k"'],
  ])("%s is refused", (text, message) => {
    expect(() => parseRanges(text)).toThrow(message);
  });
});

describe("protect", () => {
  it("protect refuses only requests that would change a protected byte", async () => {
    const range = fc
      .tuple(fc.nat(4095), fc.nat(4095))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    const request = fc.record({
      kind: fc.constantFrom("write", "same", "zero", "trim"),
      at: fc.nat(4000),
      length: fc.integer({ min: 1, max: 96 }),
    });
    const property = fc.asyncProperty(
      fc.array(range, { maxLength: 3 }),
      fc.boolean(),
      fc.array(request, { minLength: 1, maxLength: 20 }),
      async (ranges, inverted, requests) => {
        const disk = new RecordingDisk({
          trim: (at, length) => void disk.bytes.fill(0, Number(at), Number(at) + length),
        });
        disk.bytes.fill(0, 1000, 2000);
        const parameters = { protect: ranges.map(([a, b]) => `${inverted ? "~" : ""}${a}-${b}`) };
        await using session = await TestedChain.start({
          plugin: disk.plugin,
          filters: [protect],
          parameters,
        });
        const exported = await session.open();
        const isProtected = (at: number): boolean =>
          ranges.some(([a, b]) => inverted !== (a <= at && at <= b));
        for (const { kind, at, length } of requests) {
          const before = Buffer.from(disk.bytes);
          const wanted =
            kind === "same"
              ? before.subarray(at, at + length)
              : Buffer.alloc(length, kind === "write" ? 9 : 0);
          const changes = [...wanted.keys()].some(
            (index) => wanted[index] !== before[at + index] && isProtected(at + index),
          );
          const offset = BigInt(at);
          const done = (async () => {
            if (kind === "zero") await exported.zero(offset, length, zeroFlags);
            else if (kind === "trim") await exported.trim(offset, length, false);
            else await exported.write(wanted, offset, false);
          })();
          if (changes) await expect(done).rejects.toMatchObject({ code: "EPERM" });
          else await done;
          if (!changes) before.set(wanted, at);
          expect(disk.bytes.equals(before)).toBe(true);
        }
      },
    );
    await fc.assert(property, { numRuns: 50 });
  });

  it("protect names the range in the error", async () => {
    const { plugin } = new RecordingDisk();
    const parameters = { protect: ["~100-199", "5-6"] };
    await using session = await TestedChain.start({ plugin, filters: [protect], parameters });
    const exported = await session.open();
    const writing = exported.write(Buffer.alloc(1), 99n, false);
    await expect(writing).rejects.toThrow("protect filter prevented write to protected range ~100-199");
  });

  it("protect compares large requests up to the last byte", async () => {
    const bytes = Buffer.alloc(3 * 1024 * 1024, 1);
    const disk = new RecordingDisk({
      size: BigInt(bytes.length),
      read: (into, offset) => void into.set(bytes.subarray(Number(offset), Number(offset) + into.length)),
      write: () => {},
    });
    await using session = await TestedChain.start({
      plugin: disk.plugin,
      filters: [protect],
      parameters: { protect: "1-" },
    });
    const exported = await session.open();
    await exported.write(Buffer.from(bytes), 0n, false);
    const changed = Buffer.from(bytes);
    changed[changed.length - 1] = 2;
    await expect(exported.write(changed, 0n, false)).rejects.toMatchObject({ code: "EPERM" });
  });
});
