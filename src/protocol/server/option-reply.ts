import { codeOf, messageOf } from "../../core/errors.ts";
import { Magic, OptionReply } from "../constants.ts";
import { type Conversation, send } from "../conversation.ts";
import { errorText } from "../strings.ts";

/** Sends one reply to an option: doc/proto.md, "Option reply". */
export function* replyTo(option: number, type: number, data: Buffer = Buffer.alloc(0)): Conversation<void> {
  const header = Buffer.allocUnsafe(20);
  header.writeBigUInt64BE(Magic.optionReply, 0);
  header.writeUInt32BE(option, 8);
  header.writeUInt32BE(type, 12);
  header.writeUInt32BE(data.length, 16);
  yield* send(Buffer.concat([header, data]));
}

/** Sends NBD_REP_ACK. */
export function* acknowledge(option: number): Conversation<void> {
  yield* replyTo(option, OptionReply.ack);
}

/** Refuses an option. The reason is sent to the user of the client. */
export function* refuse(option: number, type: OptionReply, reason: string): Conversation<void> {
  yield* replyTo(option, type, errorText(reason));
}

/** Refuses an option whose handling threw an error. */
export function* refuseBecause(option: number, error: unknown): Conversation<void> {
  yield* refuse(option, replyTypes[codeOf(error)] ?? OptionReply.errorUnknown, messageOf(error));
}

const replyTypes: Readonly<Record<string, OptionReply>> = {
  EINVAL: OptionReply.errorInvalid,
  EPERM: OptionReply.errorPolicy,
  EACCES: OptionReply.errorPolicy,
  ESHUTDOWN: OptionReply.errorShutdown,
};
