import { type BigIntStats, fstat, type Stats } from "node:fs";
import { promisify } from "node:util";
import type { BlockSize } from "../contract/handle.ts";
import { NbdError } from "../core/errors.ts";
import type { BlockDevice } from "../native/binding.ts";
import { native } from "../native/load.ts";

/** What an open file looks like as a disk. */
export interface Geometry {
  /** bytes */
  readonly size: bigint;
  readonly identity: string;
  readonly rotational: boolean;
  readonly blockSize?: BlockSize;
  /** Block devices only: bytes; discarding and zeroing by the device need multiples of it. */
  readonly sectorSize?: number;
}

/** FreeBSD has no block devices; its disks are character devices. */
const disksAreCharacterDevices: boolean = process.platform === "freebsd";

/** Whether a file has a size and can be read anywhere, so that it can be a disk. */
export function isDisk(stats: Stats | BigIntStats): boolean {
  return stats.isFile() || isDevice(stats);
}

/** @throws NbdError EINVAL for everything that is not a disk */
export async function geometryOf(fd: number): Promise<Geometry> {
  const stats = await promisify(fstat)(fd, { bigint: true });
  if (stats.isFile()) {
    return { size: stats.size, identity: `file ${stats.dev} ${stats.ino}`, rotational: false };
  }
  if (!isDevice(stats)) throw new NbdError("EINVAL", "file is not regular or block device");
  const device = native().blockDevice(fd);
  return {
    size: device.size,
    identity: `device ${stats.rdev}`,
    rotational: device.rotational,
    blockSize: blockSizeOf(device),
    sectorSize: device.logicalBlockSize,
  };
}

function isDevice(stats: Stats | BigIntStats): boolean {
  return stats.isBlockDevice() || (disksAreCharacterDevices && stats.isCharacterDevice());
}

/** A block device goes through the page cache, which allows single bytes; a character device does not. */
function blockSizeOf(device: BlockDevice): BlockSize {
  const { logicalBlockSize, physicalBlockSize, optimalBlockSize } = device;
  const minimum = disksAreCharacterDevices ? logicalBlockSize : 1;
  const preferred = isPowerOfTwo(optimalBlockSize) ? optimalBlockSize : Math.max(physicalBlockSize, 4096);
  return { minimum, preferred: Math.max(preferred, minimum, 512), maximum: 64 * 1024 * 1024 };
}

/** Striped devices name optimal sizes such as 3 * 64k, which the protocol cannot carry. */
function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0 && value <= 32 * 1024 * 1024;
}
