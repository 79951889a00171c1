import { NbdError } from "../../core/errors.ts";
import type { ReplyForm } from "../chunk.ts";
import { Option } from "../constants.ts";
import { type Conversation, startTls } from "../conversation.ts";
import { askOption, sendOption } from "./option.ts";
import { refusedError } from "./refusal.ts";

/** What a client wants of every handshake, whatever it connects for. */
export interface NegotiationOptions {
  /** "require" upgrades to TLS before anything is asked, and fails where the server does not; "allow" goes on in clear then. */
  readonly tls: "off" | "allow" | "require";
  readonly structuredReplies: boolean;
  /** 64-bit lengths; implies structured replies where the server knows them. */
  readonly extendedHeaders: boolean;
}

/** NBD_OPT_STARTTLS, when wanted. Nothing said in clear before it counts, so it comes first. */
export function* secure(style: string, options: NegotiationOptions): Conversation<void> {
  if (options.tls === "off") return;
  const mayGoOn = options.tls === "allow";
  if (style !== "newstyle-fixed") {
    if (mayGoOn) return;
    throw new NbdError("ENOTSUP", `the server is too old for TLS (${style} handshake)`);
  }
  const answer = yield* askOption(Option.starttls);
  if (answer.ok) yield* startTls();
  else if (!mayGoOn) throw refusedError("TLS was required", answer.refusal);
}

/** The best reply form that both sides know. */
export function* chooseReplyForm(options: NegotiationOptions): Conversation<ReplyForm> {
  if (options.extendedHeaders && (yield* askOption(Option.extendedHeaders)).ok) return "extended";
  const structured = options.structuredReplies || options.extendedHeaders;
  return structured && (yield* askOption(Option.structuredReply)).ok ? "structured" : "simple";
}

/** NBD_OPT_ABORT: the polite goodbye before an export is chosen. Servers may hang up without an answer. */
export function* abort(): Conversation<void> {
  yield* sendOption(Option.abort, Buffer.alloc(0));
}
