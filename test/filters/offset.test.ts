import { describe, expect, it } from "vitest";
import offset from "../../src/filters/offset.ts";
import memory from "../../src/plugins/memory.ts";
import pattern from "../../src/plugins/pattern.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { blockyPlugin } from "../helpers/blocky-plugin.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";

const filters = [offset];

testPlugin("offset", { plugin: memory, filters, parameters: { size: "300000" }, runs: 10 });
testPlugin("offset with a range", {
  plugin: memory,
  filters,
  parameters: { size: "300000", offset: "1001", range: "200000" },
});
testPlugin("offset of the largest disk", {
  plugin: memory,
  filters,
  parameters: { size: "9223372036854775807", offset: "4611686018427387904" },
  runs: 10,
});

function start(parameters: Record<string, string>, plugin = pattern): Promise<TestedChain> {
  return TestedChain.start({ plugin, filters, parameters });
}

describe("offset", () => {
  it("offset serves the bytes from the offset on", async () => {
    await using session = await start({ size: "1M", offset: "4k", range: "10000" });
    await using whole = await TestedChain.start({ plugin: pattern, parameters: { size: "1M" } });
    const disk = await session.open();
    expect(await contents(disk)).toEqual(await contents(await whole.open(), 4096n, 10_000));
  });

  it("offset does not change bytes outside the range", async () => {
    const fake = new RecordingFake(Buffer.alloc(10_000, 7));
    await using session = await start({ offset: "1000", range: "100" }, fake.plugin);
    const disk = await session.open();
    await disk.write(Buffer.alloc(100, 1), 0n, true);
    await disk.zero(0n, 10, { fua: false, mayTrim: false, fastZero: false });
    await disk.trim(20n, 1, false);
    await disk.cache(0n, 100);
    expect(fake.take()).toEqual(["write 1000+100 fua", "zero 1000+10", "trim 1020+1", "cache 1000+100"]);
    const outside = Buffer.concat([fake.bytes.subarray(0, 1000), fake.bytes.subarray(1100)]);
    expect(outside.equals(Buffer.alloc(9900, 7))).toBe(true);
  });

  it.each([
    [{ offset: "1M" }, undefined],
    [{ offset: "1M", range: "0" }, undefined],
    [{ offset: "1048577" }, "offset (1048577) is larger than the real size (1048576)"],
    [{ offset: "1k", range: "1M" }, "offset+range (1024+1048576) is larger than the real size (1048576)"],
  ] as const)("offset with %j accepts or refuses the range", async (parameters, refusal) => {
    await using session = await start({ size: "1M", ...parameters });
    if (refusal === undefined) expect((await session.open()).size).toBe(0n);
    else await expect(session.open()).rejects.toThrow(refusal);
  });

  describe("over a disk in blocks of 512 bytes", () => {
    const plugin = blockyPlugin(100_352, { minimum: 512, maximum: 4096 }, true);
    const subject = { plugin, parameters: { offset: "1000", range: "50000" } };

    it("offset refuses a range that starts inside a block, and its error names the remedy", async () => {
      await using session = await TestedChain.start({ ...subject, filters });
      await expect(session.open()).rejects.toThrow(
        "offset=1000 does not begin with a block of the disk below (512 bytes): " +
          "put --filter=blocksize after --filter=offset",
      );
    });

    testPlugin("offset over blocksize", { ...subject, filters: [offset, "blocksize"], runs: 5 });
  });
});
