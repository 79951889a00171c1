import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import readahead from "../../src/filters/readahead.ts";
import memory from "../../src/plugins/memory.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { RecordingFake, type WitnessOptions } from "../helpers/recording-fake.ts";

const filters = [readahead];
const size = 16 * 1024 * 1024;

testPlugin("readahead", { plugin: memory, filters, parameters: { size: "300000" }, runs: 10 });

async function start(
  options: WitnessOptions = {},
  change = {},
): Promise<{ session: TestedChain; fake: RecordingFake }> {
  const fake = new RecordingFake(Buffer.alloc(size), options);
  const plugin = { ...fake.plugin, ...change };
  return { fake, session: await TestedChain.start({ plugin, filters, parameters: {} }) };
}

describe("readahead", () => {
  it("readahead grows its window while a client reads sequentially, and resets it when the client goes back", async () => {
    const { session, fake } = await start();
    await using _ = session;
    const disk = await session.open();
    const reads = [0, 4096, 100_000, 300_000, 600_000, 0];
    for (const at of reads) {
      await contents(disk, BigInt(at), 4096);
      await setImmediate();
    }
    const ahead = [32_768, 32_768, 65_536, 131_072, 262_144, 32_768];
    expect(fake.take()).toEqual(
      reads.flatMap((at, index) => [`read ${at}+4096`, `cache ${at + 4096}+${ahead[index]}`]),
    );
  });

  it("readahead stops at the end of the disk, and no prefetch is running when the disk is closed", async () => {
    const { session, fake } = await start({ slow: true });
    await using _ = session;
    const disk = await session.open();
    await contents(disk, BigInt(size - 5000), 4096);
    await contents(disk, BigInt(size - 4096), 4096);
    await session.close(disk);
    const calls = fake.take();
    expect(calls).toContain(`cache ${size - 904}+904`);
    await setImmediate();
    expect(fake.take()).toEqual([]);
  });

  it("readahead continues when a prefetch fails", async () => {
    const { session, fake } = await start();
    await using _ = session;
    fake.failing = "cache";
    const disk = await session.open();
    for (const at of [0n, 4096n]) expect(await contents(disk, at, 10)).toEqual(Buffer.alloc(10));
    await session.close(disk);
    expect(session.debugLines).toContain("prefetch failed: the fake fails to cache");
  });

  it.each([
    [{ without: ["cache"] } satisfies WitnessOptions, {}, 2],
    [{}, { threadModel: "serialize_requests" }, 1],
  ] as const)("readahead logs a warning when it cannot prefetch: %j %j", async (options, change, lines) => {
    const { session, fake } = await start(options, change);
    await using _ = session;
    await contents(await session.open(), 0n, 4096);
    await setImmediate();
    expect(fake.take()).toEqual(["read 0+4096"]);
    expect(session.debugLines).toHaveLength(lines);
    expect(session.debugLines[0]).toContain("the filter won't do anything");
  });
});
