import { type BigIntStats, fstat, type Stats } from "node:fs";
import { promisify } from "node:util";
import type { BlockSize } from "../contract/handle.ts";
import { NbdError } from "../core/errors.ts";
import type { BlockDevice } from "../native/binding.ts";
import { native } from "../native/load.ts";

/** The properties of an open file as a disk. */
export interface Geometry {
  /** bytes */
  readonly size: bigint;
  readonly identity: string;
  readonly rotational: boolean;
  readonly blockSize?: BlockSize;
  /** Block devices only: the sector size in bytes. The device discards and zeroes only whole sectors. */
  readonly sectorSize?: number;
}

/** FreeBSD has no block devices; its disks are character devices. */
const disksAreCharacterDevices: boolean = process.platform === "freebsd";

/** Whether a file can be a disk: it has a size, and can be read at any offset. */
export function isDisk(stats: Stats | BigIntStats): boolean {
  return stats.isFile() || isDevice(stats);
}

/**
 * Reads the properties of an open file.
 * @throws NbdError EINVAL when the file is not a regular file and not a block device
 */
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

/**
 * A block device uses the page cache, so requests may have any alignment. A character device takes only whole
 * blocks.
 */
function blockSizeOf(device: BlockDevice): BlockSize {
  const { logicalBlockSize, physicalBlockSize, optimalBlockSize } = device;
  const minimum = disksAreCharacterDevices ? logicalBlockSize : 1;
  const preferred = isPowerOfTwo(optimalBlockSize) ? optimalBlockSize : Math.max(physicalBlockSize, 4096);
  return { minimum, preferred: Math.max(preferred, minimum, 512), maximum: 64 * 1024 * 1024 };
}

/** Striped devices report optimal sizes such as 3 * 64k. The protocol allows only powers of two. */
function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0 && value <= 32 * 1024 * 1024;
}
