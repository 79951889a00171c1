import { TransmissionFlag } from "../protocol/constants.ts";
import type { ExportInfo } from "../protocol/export-info.ts";
import type { ServedExport } from "../served/served-export.ts";
import { offeredContexts } from "./block-status.ts";

/** Describes an open export for the handshake: size, transmission flags, contexts and block sizes. */
export function exportInfo(exported: ServedExport, name: string): ExportInfo {
  return {
    size: exported.size,
    flags: transmissionFlags(exported),
    name,
    contexts: offeredContexts(exported),
    ...(exported.description === undefined ? {} : { description: exported.description }),
    ...(exported.blockSize === undefined ? {} : { blockSize: exported.blockSize }),
  };
}

function transmissionFlags(exported: ServedExport): number {
  const flag = TransmissionFlag;
  return (
    (exported.canWrite ? 0 : flag.readOnly) |
    (exported.canFlush ? flag.sendFlush : 0) |
    (exported.canFua ? flag.sendFua : 0) |
    (exported.rotational ? flag.rotational : 0) |
    (exported.canTrim ? flag.sendTrim : 0) |
    (exported.canZero ? flag.sendWriteZeroes : 0) |
    (exported.canFastZero ? flag.sendFastZero : 0) |
    (exported.canMultiConn ? flag.canMultiConn : 0) |
    (exported.canCache ? flag.sendCache : 0)
  );
}
