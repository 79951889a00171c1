import { TransmissionFlag } from "../protocol/constants.ts";

/** What a server announced about an export: doc/proto.md, "Transmission flags". */
export interface Capabilities {
  readonly readOnly: boolean;
  readonly canFlush: boolean;
  readonly canFua: boolean;
  readonly rotational: boolean;
  readonly canTrim: boolean;
  readonly canZero: boolean;
  readonly canFastZero: boolean;
  readonly canDontFragment: boolean;
  /** What one connection has flushed, all connections see. */
  readonly canMultiConn: boolean;
  readonly canCache: boolean;
  /** Block status can be asked for some of the contexts only. */
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
