import { TransmissionFlag } from "../protocol/constants.ts";

/** The capabilities of an export that the server announced: doc/proto.md, "Transmission flags". */
export interface Capabilities {
  /** The server refuses writes. */
  readonly readOnly: boolean;
  /** The server supports NBD_CMD_FLUSH. */
  readonly canFlush: boolean;
  /** The server supports the flag NBD_CMD_FLAG_FUA (force unit access). */
  readonly canFua: boolean;
  /** The disk is a rotational disk. */
  readonly rotational: boolean;
  /** The server supports NBD_CMD_TRIM. */
  readonly canTrim: boolean;
  /** The server supports NBD_CMD_WRITE_ZEROES. */
  readonly canZero: boolean;
  /** The server supports the flag NBD_CMD_FLAG_FAST_ZERO. */
  readonly canFastZero: boolean;
  /** The server supports the flag NBD_CMD_FLAG_DF, which asks for a read reply in one piece. */
  readonly canDontFragment: boolean;
  /** A flush on one connection covers the completed writes of all connections to the export. */
  readonly canMultiConn: boolean;
  /** The server supports NBD_CMD_CACHE. */
  readonly canCache: boolean;
  /** A block status request may select some of the negotiated metadata contexts. */
  readonly canStatusPayload: boolean;
}

export function capabilitiesOf(flags: number): Capabilities {
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const canZero = has(TransmissionFlag.sendWriteZeroes);
  return {
    readOnly: has(TransmissionFlag.readOnly),
    canFlush: has(TransmissionFlag.sendFlush),
    canFua: has(TransmissionFlag.sendFua),
    rotational: has(TransmissionFlag.rotational),
    canTrim: has(TransmissionFlag.sendTrim),
    canZero,
    canFastZero: canZero && has(TransmissionFlag.sendFastZero),
    canDontFragment: has(TransmissionFlag.sendDf),
    canMultiConn: has(TransmissionFlag.canMultiConn),
    canCache: has(TransmissionFlag.sendCache),
    canStatusPayload: has(TransmissionFlag.blockStatusPayload),
  };
}
