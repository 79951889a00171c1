import { describe, expect, it } from "vitest";
import cache from "../../src/filters/cache.ts";
import noparallel from "../../src/filters/noparallel.ts";
import scan from "../../src/filters/scan.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { RecordingFake, type WitnessOptions } from "../helpers/recording-fake.ts";
import { until } from "../helpers/until.ts";
import { overMemory } from "./disks.ts";

testPlugin("scan over memory", { ...overMemory(scan, { "scan-size": "4k" }), runs: 5 });
testPlugin("scan over cache", {
  ...overMemory(scan, { "scan-size": "64k" }),
  filters: [scan, cache],
  runs: 5,
});

async function start(parameters: Record<string, string>, options: WitnessOptions = {}, size = 4096) {
  const fake = new RecordingFake(Buffer.alloc(size), options);
  const given = { "scan-size": "1k", ...parameters };
  const session = await TestedChain.start({ plugin: fake.plugin, filters: [scan], parameters: given });
  return { session, fake };
}

const whole = ["cache 0+1024", "cache 1024+1024", "cache 2048+1024", "cache 3072+1024"];

describe("scan", () => {
  it("scan prefetches the disk once, with a short request at its end", async () => {
    const { session, fake } = await start({}, {}, 3500);
    await using _ = session;
    await session.open();
    await until("the end of the scan", () => fake.calls.length === 4);
    expect(fake.take()).toEqual([...whole.slice(0, 3), "cache 3072+428"]);
    await session.open();
    await contents(await session.open());
    expect(fake.take()).toEqual(["read 0+3500"]);
  });

  it("scan-forever starts again at the end of the disk, until the last client has gone", async () => {
    const { session, fake } = await start({ "scan-forever": "true" });
    await using _ = session;
    const disk = await session.open();
    await until("the second scan", () => fake.calls.length > 8);
    await session.close(disk);
    const calls = fake.take();
    expect(calls.slice(0, 8)).toEqual([...whole, ...whole]);
    await new Promise(setImmediate);
    expect(fake.take()).toEqual([]);
  });

  it.each([
    ["true", [...whole.slice(0, 2), "read 3000+10", "cache 3010+1024", "cache 4034+62"]],
    ["false", [...whole.slice(0, 2), "read 3000+10", ...whole.slice(2)]],
  ])("scan-ahead=%s skips what is before a read, or not", async (ahead, expected) => {
    const { session, fake } = await start({ "scan-ahead": ahead });
    await using _ = session;
    const disk = await session.open();
    await until("the second prefetch", () => fake.calls.length === 2);
    await contents(disk, 3000n, 10);
    await until("the end of the scan", () => fake.calls.length === expected.length);
    expect(fake.take()).toEqual(expected);
  });

  it("scan sends only requests of whole blocks", async () => {
    const blockSize = { minimum: 512, preferred: 512, maximum: 65_536 };
    const { session, fake } = await start({ "scan-size": "512" }, { blockSize });
    await using _ = session;
    const disk = await session.open();
    await disk.read(Buffer.alloc(512), 3072n);
    await until("the end of the scan", () => fake.calls.at(-1) === "cache 3584+512");
    expect(session.debugLines.filter((line) => line.includes("violates"))).toEqual([]);
  });

  it.each([
    ["true", "cache 2048+1024"],
    ["false", "cache 0+1024"],
  ])("scan-clock=%s goes on with the scan for the next client, or starts again", async (clock, next) => {
    const { session, fake } = await start({ "scan-clock": clock });
    await using _ = session;
    const disk = await session.open();
    await until("the second prefetch", () => fake.calls.length === 2);
    await session.close(disk);
    expect(fake.take().length).toBe(2);
    await session.open();
    await until("the next prefetch", () => fake.calls.length > 0);
    expect(fake.take()[0]).toBe(next);
  });

  it("scan goes on for other clients when one disconnects during its prefetch", async () => {
    const { session, fake } = await start({}, { slow: true });
    await using _ = session;
    const [one] = [await session.open(), await session.open()];
    await until("the first prefetch", () => fake.calls.length === 1);
    await session.close(one);
    await until("the end of the scan", () => fake.calls.length === 4);
    expect(fake.take()).toEqual(whole);
  });

  it("a prefetch that fails is no error, and the scan goes on", async () => {
    const { session, fake } = await start({});
    await using _ = session;
    fake.failing = "cache";
    await contents(await session.open());
    await until("the end of the scan", () => fake.calls.includes("cache 3072+1024"));
    expect(session.debugLines.join("\n")).toContain("scan: prefetch failed: the fake fails to cache");
  });

  it("scan warns where it does nothing", async () => {
    const warnings = async (session: TestedChain, exportName = ""): Promise<string> => {
      await using _ = session;
      await session.open({ exportName });
      return session.debugLines.join("\n");
    };
    const { session } = await start({});
    expect(await warnings(session, "other")).toContain("scan: warning: not the default export, not scanning");
    const uncached = (await start({}, { without: ["cache"] })).session;
    expect(await warnings(uncached)).toContain("does not support NBD_CMD_CACHE, not scanning");
    const serial = await TestedChain.start({ ...overMemory(scan), filters: [scan, noparallel] });
    expect(await warnings(serial)).toContain("does not support the PARALLEL thread model, not scanning");
  });

  it.each([
    [{ "scan-size": "3" }, "scan-size parameter should be [512..32M] and a power of two"],
    [{ "scan-size": "64M" }, "scan-size parameter should be [512..32M] and a power of two"],
    [{ "scan-ahead": "x" }, "could not decipher boolean (x)"],
  ])("scan refuses %j", async (parameters, refusal) => {
    await expect(start(parameters as Record<string, string>)).rejects.toThrow(refusal);
  });
});
