import { NbdError } from "../../core/errors.ts";
import type { Disk, Partition } from "./table.ts";

// Offsets in bytes: UEFI specification, "GPT Header" and "GPT Partition Entry".
const signature = Buffer.from("EFI PART");
const entriesAt = 72;
const countAt = 80;
const entryBytesAt = 84;
const entryBytesMin = 128;
const firstAt = 32;
const lastAt = 40;

/** Minimum size of the tables before and after the partitions, in sectors of 512 bytes. */
const tableSectors = 34n;

/** @param start the first two sectors of the disk */
export function isGpt({ size, sectorBytes }: Disk, start: Buffer): boolean {
  return (
    size >= 2n * tableSectors * 512n &&
    start.subarray(sectorBytes, sectorBytes + signature.length).equals(signature)
  );
}

/**
 * Whether the disk has a GPT for the other sector size: 4096 bytes instead of 512, or 512 instead of 4096.
 */
export async function hasGptInOtherSectors({ size, sectorBytes, read }: Disk): Promise<boolean> {
  const other = sectorBytes === 512 ? 4096 : 512;
  if (size < 2n * BigInt(other)) return false;
  const start = await read(0n, 2 * other);
  return isGpt({ size, sectorBytes: other, read }, start);
}

/** @throws NbdError EINVAL when the partition does not exist or the table is invalid */
export async function findGptPartition(disk: Disk, start: Buffer, number: number): Promise<Partition> {
  const sector = BigInt(disk.sectorBytes);
  const header = start.subarray(disk.sectorBytes);
  const [count, entryBytes] = [header.readUInt32LE(countAt), header.readUInt32LE(entryBytesAt)];
  if (number > count) {
    throw new NbdError("EINVAL", `GPT partition number out of range: the table has ${count} entries`);
  }
  if (entryBytes < entryBytesMin) throw new NbdError("EINVAL", "GPT partition entry size is < 128 bytes");
  const offset = header.readBigUInt64LE(entriesAt) * sector + BigInt(number - 1) * BigInt(entryBytes);
  if (
    3n * sector + 2n * BigInt(count) * BigInt(entryBytes) > disk.size ||
    offset + BigInt(entryBytesMin) > disk.size
  ) {
    throw new NbdError("EINVAL", "GPT partition table is too large for this disk");
  }
  const entry = await disk.read(offset, entryBytesMin);
  const isUnused = entry.subarray(0, 16).every((byte) => byte === 0);
  if (isUnused) throw new NbdError("EINVAL", `GPT partition ${number} not found`);
  const [first, last] = [entry.readBigUInt64LE(firstAt), entry.readBigUInt64LE(lastAt)];
  if (last < first) throw new NbdError("EINVAL", `GPT partition ${number} ends before it begins`);
  return { offset: first * sector, length: (last - first + 1n) * sector };
}
