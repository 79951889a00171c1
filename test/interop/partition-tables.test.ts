import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import partition from "../../src/filters/partition.ts";
import file from "../../src/plugins/file.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { Folder } from "../helpers/folder.ts";
import { describeWith, toolPath } from "../helpers/tools.ts";

const MiB = 1024 * 1024;
const create = (kind: string, number: number | "", size: string): string[] => [
  "n",
  ...(kind ? [kind] : []),
  ...(number === "" ? [] : [String(number)]),
  "",
  size,
];
const gpt = ["g", ...create("", 1, "+16M"), ...create("", 2, "+8M"), "w"];
const mbr = [
  "o",
  ...create("p", 1, "+8M"),
  ...create("e", 2, "+40M"),
  ...create("l", "", "+4M"),
  ...create("l", "", "+8M"),
  "w",
];

/**
 * Returns the size of a partition. fdisk writes the table with one sector size, the filter reads it with
 * another.
 */
async function sizeOf(commands: readonly string[], sectorBytes: number, number: string, readIn: number) {
  using folder = new Folder();
  const disk = folder.sparseFile("disk", 64 * MiB);
  const input = `${commands.join("\n")}\n`;
  execFileSync(toolPath("fdisk")!, ["-b", String(sectorBytes), disk], {
    input,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const parameters = { file: disk, partition: number, "partition-sectorsize": String(readIn) };
  await using session = await TestedChain.start({ plugin: file, filters: [partition], parameters });
  return (await session.open()).size;
}

describeWith(["fdisk"], "partitions that fdisk makes", () => {
  const sizes = [512, 4096] as const;

  describe.each(sizes)("in sectors of %i bytes", (sectorBytes) => {
    const other = sizes.find((size) => size !== sectorBytes)!;

    it.each([
      ["1", 16],
      ["2", 8],
    ])("are served from a GPT: %s", async (number, size) => {
      expect(await sizeOf(gpt, sectorBytes, number, sectorBytes)).toBe(BigInt(size * MiB));
    });

    it.each([
      ["1", 8],
      ["5", 4],
      ["6", 8],
    ])("are served from an MBR: %s", async (number, size) => {
      expect(await sizeOf(mbr, sectorBytes, number, sectorBytes)).toBe(BigInt(size * MiB));
    });

    it.each(["1", "2", "5"])("are not found with the wrong sector size: %s", async (number) => {
      const hint = `partition-sectorsize=${sectorBytes === 512 ? "512" : "4k"}`;
      await expect(sizeOf(gpt, sectorBytes, number, other)).rejects.toThrow(hint);
    });
  });
});
