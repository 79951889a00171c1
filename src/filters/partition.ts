import { defineFilter, type Filter } from "../contract/filter.ts";
import type { Handle } from "../contract/handle.ts";
import { integer, type Parameter } from "../contract/parameter.ts";
import { NbdError } from "../core/errors.ts";
import { parseSize } from "../core/size.ts";
import { windowOn } from "../kit/window.ts";
import { requireBlockStart } from "../served/block-size.ts";
import { findGptPartition, isGpt } from "./partition/gpt.ts";
import { findMbrPartition, isMbr } from "./partition/mbr.ts";
import type { Disk, Partition } from "./partition/table.ts";

interface State {
  readonly partition: number;
  readonly "partition-sectorsize": number | undefined;
}

/** Serves one partition of a disk: nbdkit-partition-filter(1). */
const partition: Filter = defineFilter({
  name: "partition",
  longname: "nbdkit partition filter",
  parameters: {
    partition: integer({
      required: true,
      min: 1,
      max: 2 ** 32 - 1,
      help: "The partition number, counting from 1",
    }),
    "partition-sectorsize": sectorSize(),
  },
  async open(next, state: State) {
    const disk = diskBelow(next, state["partition-sectorsize"]);
    const { kind, offset, length } = await findPartition(disk, state.partition);
    if (offset + length > next.size) {
      throw new NbdError(
        "EINVAL",
        `partition is outside the disk: ${offset}+${length} of ${next.size} bytes`,
      );
    }
    requireBlockStart("partition", `partition ${state.partition} at ${offset}`, next, [offset]);
    const { description } = next;
    return {
      ...windowOn(next, offset, length),
      ...(description && { description: `partition ${state.partition} of ${kind} disk: ${description}` }),
    };
  },
});
export default partition;

function sectorSize(): Parameter<number> {
  return {
    placeholder: "512|4096",
    unit: "bytes",
    words: ["512", "4096"],
    defaultText: "the minimum block size of the disk if it is one of these, else 512",
    help: "The sector size of the partition table",
    parse(text, key) {
      const size = Number(parseSize(text));
      if (size === 512 || size === 4096) return size;
      throw new NbdError("EINVAL", `${key} must be 512 or 4096, not ${text}`);
    },
  };
}

function diskBelow(next: Handle, sectorBytes = next.blockSize?.minimum === 4096 ? 4096 : 512): Disk {
  return {
    size: next.size,
    sectorBytes,
    async read(offset, length) {
      // Read whole blocks: the minimum block size of the disk may be larger than a sector.
      const block = BigInt(Math.max(next.blockSize?.minimum ?? 1, 1));
      const start = offset - (offset % block);
      const end = ((offset + BigInt(length) + block - 1n) / block) * block;
      const bytes = Buffer.alloc(Number(end - start));
      await next.read(bytes, start);
      return bytes.subarray(Number(offset - start), Number(offset - start) + length);
    },
  };
}

async function findPartition(disk: Disk, number: number): Promise<Partition & { readonly kind: string }> {
  if (disk.size < 2n * BigInt(disk.sectorBytes)) {
    throw new NbdError("EINVAL", "disk is too small to be a partitioned disk");
  }
  const start = await disk.read(0n, 2 * disk.sectorBytes);
  if (isGpt(disk, start)) return { kind: "GPT", ...(await findGptPartition(disk, start, number)) };
  if (isMbr(start)) return { kind: "MBR", ...(await findMbrPartition(disk, start, number)) };
  throw new NbdError("EINVAL", "disk does not contain MBR or GPT partition table signature");
}
