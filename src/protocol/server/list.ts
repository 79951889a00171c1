import { Option, OptionReply } from "../constants.ts";
import { type Conversation, wait } from "../conversation.ts";
import type { ExportListing } from "../export-info.ts";
import type { Answer } from "./answer.ts";
import type { HandshakeState } from "./host.ts";
import { acknowledge, refuse, refuseBecause, replyTo } from "./option-reply.ts";

/** NBD_OPT_LIST: replies with the names of the exports, each with its description. */
export function* answerList(state: HandshakeState, data: Buffer): Conversation<Answer> {
  if (data.length > 0) {
    yield* refuse(Option.list, OptionReply.errorInvalid, "LIST takes no data");
    return "continue";
  }
  let exports: readonly ExportListing[];
  try {
    exports = yield* wait(state.host.listExports());
  } catch (error) {
    yield* refuseBecause(Option.list, error);
    return "continue";
  }
  state.listedExports = Math.max(state.listedExports, exports.length);
  for (const { name, description = "" } of exports) {
    const nameBytes = Buffer.from(name);
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(nameBytes.length, 0);
    yield* replyTo(
      Option.list,
      OptionReply.server,
      Buffer.concat([length, nameBytes, Buffer.from(description)]),
    );
  }
  yield* acknowledge(Option.list);
  return "continue";
}
