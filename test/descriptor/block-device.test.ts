import { afterAll, describe, expect, it } from "vitest";
import file from "../../src/plugins/file.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { LoopDevice, whyNot } from "../helpers/system.ts";

const reason = whyNot(() => new LoopDevice(1 << 20));

describe.skipIf(reason !== undefined)(`file on a block device${reason ? ` (${reason})` : ""}`, () => {
  const loop = reason === undefined ? new LoopDevice(1 << 20) : undefined;
  const parameters = { file: loop?.path ?? "" };
  afterAll(() => loop?.[Symbol.dispose]());

  testPlugin("file on a block device", { plugin: file, parameters, runs: 10 });

  it("has the device's size and sectors", async () => {
    await using session = await TestedChain.start({ plugin: file, parameters });
    const disk = await session.open();
    expect(disk.size).toBe(1n << 20n);
    expect(disk.blockSize).toMatchObject({ minimum: 1, preferred: 4096 });
    expect(await disk.extents(0n, 4096, false)).toEqual([{ length: 4096n, hole: false, zero: false }]);
  });

  it("zeroes whole sectors without writing", async () => {
    await using session = await TestedChain.start({ plugin: file, parameters, debugFlags: { zero: 1 } });
    const disk = await session.open();
    await disk.zero(0n, 65_536, { fua: true, mayTrim: true, fastZero: true });
    await disk.trim(1n, 65_536, true);
    expect(session.debugLines.join("\n")).toContain("punch hole 0+65536: done");
    expect(session.debugLines.join("\n")).toContain("discard 512+65024: done");
  });

  it("is read-only when the device is", async () => {
    using readOnly = new LoopDevice(1 << 20, "--read-only");
    await using session = await TestedChain.start({ plugin: file, parameters: { file: readOnly.path } });
    expect((await session.open()).canWrite).toBe(false);
  });
});
