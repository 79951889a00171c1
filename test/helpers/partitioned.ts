import { Random } from "../../src/testing/random.ts";

/** Noise that is repeated over the disk. Its length is prime, so that no two sectors are equal. */
const noise = new Random(1).bytes(100_003);

const recordEnd = 0x1fe;

interface MbrEntry {
  /** sectors */
  readonly start: number;
  readonly count: number;
  readonly type?: number;
}

interface Logical {
  /** Sector of the boot record, relative to the extended partition. */
  readonly record: number;
  readonly start: number;
  readonly count: number;
  /** Sector of the next record, if it differs from the next one in the list. */
  readonly link?: number;
}

/** A disk of 1 MiB with sectors of 512 bytes, filled with noise outside the tables. */
export function mbrDisk(primary: readonly MbrEntry[], extended: number, logical: readonly Logical[]): Buffer {
  const disk = Buffer.alloc(1 << 20, noise);
  writeRecord(disk, 0, primary);
  for (const [index, { record, start, count, link }] of logical.entries()) {
    const following = link ?? logical[index + 1]?.record;
    const next = following === undefined ? [] : [{ start: following, count: 1, type: 0x05 }];
    writeRecord(disk, extended + record, [{ start, count }, ...next]);
  }
  return disk;
}

function writeRecord(disk: Buffer, sector: number, entries: readonly MbrEntry[]): void {
  const record = disk.subarray(sector * 512, (sector + 1) * 512).fill(0, 0x1be);
  for (const [index, { start, count, type = 0x83 }] of entries.entries()) {
    const at = 0x1be + 16 * index;
    record[at + 4] = type;
    record.writeUInt32LE(start, at + 8);
    record.writeUInt32LE(count, at + 12);
  }
  record.writeUInt16LE(0xaa55, recordEnd);
}

/**
 * A disk of 2048 sectors with a table of 128 entries. It has no checksums, because the filter does not check
 * them.
 */
export function gptDisk(
  sectorBytes: number,
  partitions: readonly ({ readonly first: number; readonly last: number } | undefined)[],
): Buffer {
  const disk = Buffer.alloc(2048 * sectorBytes, noise);
  const header = disk.subarray(sectorBytes, 2 * sectorBytes).fill(0);
  header.write("EFI PART");
  header.writeBigUInt64LE(2n, 72);
  header.writeUInt32LE(128, 80);
  header.writeUInt32LE(128, 84);
  const entries = disk.subarray(2 * sectorBytes, 2 * sectorBytes + 128 * 128).fill(0);
  for (const [index, partition] of partitions.entries()) {
    if (partition === undefined) continue;
    const entry = entries.subarray(128 * index, 128 * (index + 1)).fill(1, 0, 16);
    entry.writeBigUInt64LE(BigInt(partition.first), 32);
    entry.writeBigUInt64LE(BigInt(partition.last), 40);
  }
  return disk;
}
