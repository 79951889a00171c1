import { execFileSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { describe, expect, it } from "vitest";
import example1 from "../../src/plugins/example1.ts";
import { allExtents } from "../../src/testing/extents.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { Folder } from "../helpers/folder.ts";

const subject = { plugin: example1, parameters: {} };
testPlugin("example1", { ...subject, runs: 10 });

async function readSectors(sector: number, count: number): Promise<Buffer> {
  await using session = await TestedChain.start(subject);
  const into = Buffer.alloc(count * 512);
  await (await session.open()).read(into, BigInt(sector * 512));
  return into;
}

describe("example1", () => {
  it("is a read-only disk of 100 MB, nearly all of it a hole", async () => {
    await using session = await TestedChain.start(subject);
    const disk = await session.open();
    expect(disk.size).toBe(100n * 1024n * 1024n);
    expect(disk.canWrite).toBe(false);
    const extents = await allExtents(disk, { start: 0n, length: Number(disk.size) }, false);
    const dataBytes = extents.reduce((sum, { length, hole }) => sum + (hole ? 0 : length), 0);
    expect(dataBytes).toBeLessThan(8192);
    expect(extents.filter(({ length }) => length % 512 !== 0)).toEqual([]);
  });

  it("has a partition table with one partition that ends at the end of the disk", async () => {
    const record = await readSectors(0, 1);
    expect(record.readUInt16LE(510)).toBe(0xaa55);
    expect(record.readUInt32LE(454) + record.readUInt32LE(458)).toBe((100 * 1024 * 1024) / 512);
    expect(record.subarray(462, 510).every((byte) => byte === 0)).toBe(true);
  });

  it("has a file in a FAT16 file system, which a driver finds through its directory and tables", async () => {
    const partition = (await readSectors(0, 1)).readUInt32LE(454);
    const boot = await readSectors(partition, 1);
    const root = partition + boot.readUInt16LE(14) + boot.readUInt8(16) * boot.readUInt16LE(22);
    const entry = (await readSectors(root, 1)).subarray(32, 64);
    expect(entry.toString("latin1", 0, 11)).toBe("HELLO   TXT");
    const clusters = root + (boot.readUInt16LE(17) * 32) / 512;
    const content = await readSectors(clusters + (entry.readUInt16LE(26) - 2) * boot.readUInt8(13), 1);
    expect(content.toString("latin1", 0, entry.readUInt32LE(28))).toMatch(/^Hello .*\n$/);
  });

  const mtools = hasMtools();
  it.skipIf(!mtools)(`can be read with mtools${mtools ? "" : " (needs mtools)"}`, async () => {
    using folder = new Folder();
    const path = folder.sparseFile("disk", 100 * 1024 * 1024);
    const fd = openSync(path, "r+");
    for (const sector of [0, 2048]) {
      writeSync(fd, await readSectors(sector, 1024), 0, 1024 * 512, sector * 512);
    }
    closeSync(fd);
    const image = `${path}@@1M`;
    expect(execFileSync("mdir", ["-i", image, "-b"], { encoding: "utf8" })).toContain("::/HELLO.TXT");
    expect(execFileSync("mtype", ["-i", image, "::HELLO.TXT"], { encoding: "utf8" })).toMatch(/^Hello /);
  });
});

function hasMtools(): boolean {
  try {
    execFileSync("mtools", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
