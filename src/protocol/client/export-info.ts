import { sizeMax } from "../../core/size.ts";
import { Info, TransmissionFlag } from "../constants.ts";
import type { BlockSize, ExportInfo } from "../export-info.ts";
import { minimumBlockMax } from "./limits.ts";
import { serverString, violation } from "./violation.ts";

/**
 * Checks size and flags. Without NBD_FLAG_HAS_FLAGS the flags are undefined, so every feature is disabled.
 */
export function exportInfo(size: bigint, flags: number): ExportInfo {
  if (size > sizeMax) throw violation(`export of ${size} bytes, over the limit of 2^63-1`);
  return { size, flags: (flags & TransmissionFlag.hasFlags) !== 0 ? flags : 0 };
}

/**
 * Combines the NBD_REP_INFO replies to one NBD_OPT_INFO or NBD_OPT_GO.
 * @throws NbdError EPROTO
 */
export function readInfoItems(items: readonly Buffer[]): ExportInfo {
  const found: { basics?: ExportInfo; name?: string; description?: string; blockSize?: BlockSize } = {};
  for (const item of items) {
    if (item.length < 2) throw violation("information reply without a type");
    const body = item.subarray(2);
    switch (item.readUInt16BE(0)) {
      case Info.export:
        if (found.basics !== undefined) throw violation("NBD_INFO_EXPORT came twice");
        found.basics = readBasics(body);
        break;
      case Info.name:
        found.name = serverString(body, "export name");
        break;
      case Info.description:
        found.description = serverString(body, "export description");
        break;
      case Info.blockSize:
        if (found.blockSize !== undefined) throw violation("NBD_INFO_BLOCK_SIZE came twice");
        found.blockSize = readBlockSize(body);
        break;
    }
  }
  const { basics, ...others } = found;
  if (basics === undefined) throw violation("NBD_INFO_EXPORT is missing");
  return { ...basics, ...others };
}

function readBasics(body: Buffer): ExportInfo {
  if (body.length !== 10) throw violation(`NBD_INFO_EXPORT of ${body.length + 2} bytes instead of 12`);
  return exportInfo(body.readBigUInt64BE(0), body.readUInt16BE(8));
}

function readBlockSize(body: Buffer): BlockSize {
  if (body.length !== 12) throw violation(`NBD_INFO_BLOCK_SIZE of ${body.length + 2} bytes instead of 14`);
  const minimum = body.readUInt32BE(0);
  const preferred = body.readUInt32BE(4);
  const maximum = body.readUInt32BE(8);
  if (!isPowerOf2(minimum) || minimum > minimumBlockMax) {
    throw violation(`minimum block size ${minimum} is not a power of 2 up to ${minimumBlockMax}`);
  }
  if (!isPowerOf2(preferred) || preferred < minimum) {
    throw violation(`preferred block size ${preferred} is not a power of 2 from ${minimum} up`);
  }
  if (maximum < preferred)
    throw violation(`maximum block size ${maximum} is below the preferred ${preferred}`);
  return { minimum, preferred, maximum };
}

function isPowerOf2(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
