import { NbdError } from "../../core/errors.ts";
import { Option } from "../constants.ts";
import { type Conversation, send, wait } from "../conversation.ts";
import type { ExportInfo } from "../export-info.ts";
import { readString } from "../strings.ts";
import { announcedFlags, contextsFor, openExport } from "./agreed.ts";
import type { HandshakeState, Negotiated } from "./host.ts";

/**
 * NBD_OPT_EXPORT_NAME, the old way to choose an export. It has no error reply: the server closes the
 * connection of a client that chooses an unknown name.
 */
export function* answerExportName(state: HandshakeState, data: Buffer): Conversation<Negotiated | "abort"> {
  if (state.host.tls === "require" && !state.encrypted) {
    throw new NbdError("EPROTO", "client chose an export before TLS, which this server requires");
  }
  const exportName = readString(data, "export name");
  let info: ExportInfo;
  try {
    info = yield* wait(openExport(state, Option.exportName, exportName));
  } catch {
    // The host has logged the error.
    return "abort";
  }
  const reply = Buffer.alloc(state.noZeroes ? 10 : 10 + 124);
  reply.writeBigUInt64BE(info.size, 0);
  reply.writeUInt16BE(announcedFlags(state, exportName, info.flags), 8);
  yield* send(reply);
  return { exportName, replyForm: state.replyForm, contexts: contextsFor(state, exportName) };
}
