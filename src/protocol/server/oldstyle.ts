import { Magic, TransmissionFlag } from "../constants.ts";
import { type Conversation, send, wait } from "../conversation.ts";
import type { HandshakeHost, Negotiated } from "./host.ts";

/**
 * The oldstyle handshake (doc/proto.md, "Oldstyle negotiation"), used before 2011: the server describes its
 * export, and the client sends nothing.
 */
export function* oldstyleHandshake(host: HandshakeHost): Conversation<Negotiated> {
  const info = yield* wait(host.open(""));
  const greeting = Buffer.alloc(152);
  greeting.writeBigUInt64BE(Magic.init, 0);
  greeting.writeBigUInt64BE(Magic.oldstyle, 8);
  greeting.writeBigUInt64BE(info.size, 16);
  greeting.writeUInt32BE(info.flags | TransmissionFlag.hasFlags, 24);
  yield* send(greeting);
  return { exportName: "", replyForm: "simple", contexts: [] };
}
