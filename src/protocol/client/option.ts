import { isOptionError, Magic, OptionReply } from "../constants.ts";
import { type Conversation, send, take } from "../conversation.ts";
import { optionRepliesBytesMax, optionRepliesMax, optionReplyBytesMax } from "./limits.ts";
import { serverText, violation } from "./violation.ts";

/** The reply of a server to an option: all items before the acknowledgement, or the refusal. */
export type OptionAnswer =
  | { readonly ok: true; readonly items: readonly Buffer[] }
  | { readonly ok: false; readonly refusal: Refusal };

/** An error reply to an option. */
export interface Refusal {
  /** One of the error types of `OptionReply`, or an unknown one. */
  readonly type: number;
  /** The error message of the server; may be empty. */
  readonly text: string;
}

/** Sends an option: doc/proto.md, "Newstyle negotiation". */
export function* sendOption(option: number, data: Buffer): Conversation<void> {
  const header = Buffer.allocUnsafe(16);
  header.writeBigUInt64BE(Magic.option, 0);
  header.writeUInt32BE(option, 8);
  header.writeUInt32BE(data.length, 12);
  yield* send(Buffer.concat([header, data]));
}

/**
 * Sends an option and reads all replies to it.
 * @param itemType the only reply type that is valid before the acknowledgement; none when undefined
 * @throws NbdError EPROTO
 */
export function* askOption(
  option: number,
  data: Buffer = Buffer.alloc(0),
  itemType?: OptionReply,
): Conversation<OptionAnswer> {
  yield* sendOption(option, data);
  const items: Buffer[] = [];
  let bytes = 0;
  while (items.length <= optionRepliesMax) {
    const reply = yield* takeReply(option);
    if (isOptionError(reply.type)) {
      return { ok: false, refusal: { type: reply.type, text: serverText(reply.data) } };
    }
    if (reply.type === OptionReply.ack) return { ok: true, items };
    if (reply.type !== itemType) throw violation(`unknown reply type ${reply.type} to option ${option}`);
    bytes += reply.data.length;
    if (bytes > optionRepliesBytesMax) {
      throw violation(`more than ${optionRepliesBytesMax} bytes of replies to option ${option}`);
    }
    items.push(reply.data);
  }
  throw violation(`more than ${optionRepliesMax} replies to option ${option}`);
}

function* takeReply(option: number): Conversation<{ type: number; data: Buffer }> {
  const header = yield* take(20);
  if (header.readBigUInt64BE(0) !== Magic.optionReply)
    throw violation("option reply with the wrong magic number");
  const answered = header.readUInt32BE(8);
  if (answered !== option) throw violation(`reply to option ${answered} when ${option} was asked`);
  const length = header.readUInt32BE(16);
  if (length > optionReplyBytesMax) {
    throw violation(`option reply of ${length} bytes, over the limit of ${optionReplyBytesMax}`);
  }
  return { type: header.readUInt32BE(12), data: yield* take(length) };
}
