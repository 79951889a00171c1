import type { BlockSize, Handle } from "../../src/contract/handle.ts";
import { definePlugin, type Plugin } from "../../src/contract/plugin.ts";
import { sectorDisk } from "./sector-disk.ts";

/**
 * A disk in memory whose holes are sectors of zeroes. It accepts only whole blocks, of which the last may be
 * short, and no request longer than the maximum.
 */
export function blockyPlugin(
  size: number,
  blockSize: Omit<BlockSize, "preferred">,
  multiConn: boolean,
): Plugin {
  return definePlugin({
    name: "blocky",
    configComplete: () => sectorDisk(Buffer.alloc(size, 7)),
    open: (disk) => blocky(disk, { ...blockSize, preferred: Math.max(blockSize.minimum, 4096) }, multiConn),
  });
}

function blocky(disk: ReturnType<typeof sectorDisk>, blockSize: BlockSize, multiConn: boolean): Handle {
  const { minimum, maximum } = blockSize;
  const check = (offset: bigint, length: number, bytesMax = Number(disk.size)): void => {
    const endsWhole = length % minimum === 0 || offset + BigInt(length) === disk.size;
    if (offset % BigInt(minimum) === 0n && endsWhole && length <= bytesMax) return;
    throw new Error(
      `${length} bytes at ${offset} are not whole blocks of ${minimum}, or more than ${bytesMax}`,
    );
  };
  return {
    ...disk,
    multiConn,
    blockSize,
    read(into, offset) {
      check(offset, into.length, maximum);
      return disk.read(into, offset);
    },
    write(from, offset, flags) {
      check(offset, from.length, maximum);
      return disk.write(from, offset, flags);
    },
    trim(offset, length, flags) {
      check(offset, length);
      return disk.trim(offset, length, flags);
    },
    zero(offset, length, flags) {
      check(offset, length);
      return disk.zero(offset, length, flags);
    },
    cache: (offset, length) => check(offset, length),
    extents(offset, length, requestOne) {
      check(offset, length);
      return disk.extents(offset, length, requestOne);
    },
  };
}
