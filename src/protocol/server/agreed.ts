import { optionName, TransmissionFlag } from "../constants.ts";
import type { MetaContext } from "../export-info.ts";
import type { HandshakeState } from "./host.ts";

/** Combines the flags of the export with those that depend on the negotiation. */
export function announcedFlags(state: HandshakeState, exportName: string, flags: number): number {
  let announced = flags | TransmissionFlag.hasFlags;
  if (state.replyForm !== "simple") announced |= TransmissionFlag.sendDf;
  if (state.replyForm === "extended" && contextsFor(state, exportName).length > 0) {
    announced |= TransmissionFlag.blockStatusPayload;
  }
  state.host.debug(() => `newstyle negotiation: flags: export 0x${announced.toString(16)}`);
  return announced;
}

/** Opens the export that an option names. */
export function openExport(
  state: HandshakeState,
  option: number,
  exportName: string,
): ReturnType<HandshakeState["host"]["open"]> {
  state.host.debug(
    () => `newstyle negotiation: ${optionName(option)}: client requested export '${exportName}'`,
  );
  return state.host.open(exportName);
}

/** Returns the contexts that were set for this export. They are not valid for another export. */
export function contextsFor(state: HandshakeState, exportName: string): readonly MetaContext[] {
  return state.replyForm !== "simple" && state.chosen.exportName === exportName ? state.chosen.contexts : [];
}
