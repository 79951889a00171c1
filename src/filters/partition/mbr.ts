import { NbdError } from "../../core/errors.ts";
import { hasGptInOtherSectors } from "./gpt.ts";
import type { Disk, Partition } from "./table.ts";

/** Size of a master or extended boot record, in bytes. */
const recordBytes = 512;
const entriesAt = 0x1be;
const entryBytes = 16;
const primaryCount = 4;

/** The highest number of a logical partition, to bound the walk along the chain; Linux stops at 256. */
const logicalMax = 1024;

interface Entry {
  readonly type: number;
  /** First sector. */
  readonly start: bigint;
  readonly count: bigint;
}

export function isMbr(start: Buffer): boolean {
  return start.readUInt16LE(recordBytes - 2) === 0xaa55;
}

/** @throws NbdError EINVAL when the partition does not exist or the table is invalid */
export async function findMbrPartition(disk: Disk, start: Buffer, number: number): Promise<Partition> {
  const primary = Array.from({ length: primaryCount }, (_, index) => entryOf(start, index));
  // With a GPT for another sector size, all sector numbers are wrong, also those of a hybrid MBR.
  if (primary.some(isProtective) && (await hasGptInOtherSectors(disk))) throw otherSectors(disk);
  const entry = primary[number - 1];
  if (entry === undefined) {
    const extended = primary.find((entry) => entry.count > 0n && isExtended(entry));
    if (extended !== undefined) return findLogical(disk, extended, number);
    throw new NbdError(
      "EINVAL",
      "MBR logical partition selected, but there is no extended partition in the partition table",
    );
  }
  if (isProtective(entry)) throw otherSectors(disk);
  if (entry.count === 0n || entry.type === 0 || isExtended(entry)) throw notFound(number);
  return inBytes(disk, entry.start, entry.count);
}

function entryOf(record: Buffer, index: number): Entry {
  const at = entriesAt + index * entryBytes;
  return {
    type: record.readUInt8(at + 4),
    start: BigInt(record.readUInt32LE(at + 8)),
    count: BigInt(record.readUInt32LE(at + 12)),
  };
}

/** The types of extended partitions that Linux recognizes: DOS, Windows, Linux. */
function isExtended({ type }: Entry): boolean {
  return type === 0x05 || type === 0x0f || type === 0x85;
}

/**
 * An entry that covers a GPT disk, so that tools without GPT support see no free space ("Protective MBR").
 */
function isProtective({ type, count }: Entry): boolean {
  return type === 0xee && count > 0n;
}

/** The protective entry is not served: it covers the GPT itself, and a write could destroy the table. */
function otherSectors({ sectorBytes }: Disk): NbdError {
  const [other, value] = sectorBytes === 512 ? ["4096", "4k"] : ["512", "512"];
  return new NbdError(
    "EINVAL",
    `rejecting the GPT protective entry of the MBR: there is no GPT for sectors of ${sectorBytes} bytes; ` +
      `if the disk has sectors of ${other} bytes, use partition-sectorsize=${value}`,
  );
}

/**
 * Walks the chain of extended boot records, one for each logical partition. The first logical partition is 5.
 */
async function findLogical(disk: Disk, extended: Entry, number: number): Promise<Partition> {
  const end = extended.start + extended.count;
  let record = extended.start;
  for (let current = primaryCount + 1; current <= logicalMax; current++) {
    const bytes = await readRecord(disk, record);
    const [own, link] = [entryOf(bytes, 0), entryOf(bytes, 1)];
    if (current === number) {
      if (isProtective(own)) throw otherSectors(disk);
      return logical(disk, record, own, end);
    }
    if (link.start === 0n && link.count === 0n) break;
    const following = extended.start + link.start;
    // A chain that goes backwards could be endless.
    if (following <= record) {
      throw new NbdError(
        "EINVAL",
        `invalid EBR chain: the record at sector ${record} links back to ${following}`,
      );
    }
    record = following;
  }
  throw notFound(number);
}

async function readRecord(disk: Disk, sector: bigint): Promise<Buffer> {
  const offset = sector * BigInt(disk.sectorBytes);
  if (sector > 0n && offset + BigInt(disk.sectorBytes) < disk.size) return disk.read(offset, recordBytes);
  throw new NbdError(
    "EINVAL",
    `invalid EBR chain: the next record, at sector ${sector}, is outside the disk`,
  );
}

function logical(disk: Disk, record: bigint, { start, count }: Entry, end: bigint): Partition {
  if (start > 0n && count > 0n && record + start + count <= end) return inBytes(disk, record + start, count);
  throw new NbdError(
    "EINVAL",
    `logical partition start or size out of range: ${count} sectors at ${record + start}, where the extended partition ends at ${end}`,
  );
}

function inBytes({ sectorBytes }: Disk, start: bigint, count: bigint): Partition {
  return { offset: start * BigInt(sectorBytes), length: count * BigInt(sectorBytes) };
}

function notFound(number: number): NbdError {
  return new NbdError("EINVAL", `MBR partition ${number} not found`);
}
