import { NbdError } from "../../core/errors.ts";
import type { ReplyForm } from "../chunk.ts";
import { Option } from "../constants.ts";
import { type Conversation, startTls } from "../conversation.ts";
import { askOption, sendOption } from "./option.ts";
import { refusedError } from "./refusal.ts";

/** Options of every handshake of a client. */
export interface NegotiationOptions {
  /**
   * "require" starts TLS before any other option, and fails when the server refuses. "allow" continues
   * without TLS then.
   */
  readonly tls: "off" | "allow" | "require";
  readonly structuredReplies: boolean;
  /** Requests 64-bit lengths, and structured replies from a server without them. */
  readonly extendedHeaders: boolean;
}

/**
 * NBD_OPT_STARTTLS, when enabled. It comes first, because TLS voids everything that was negotiated before it.
 */
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

/** Negotiates the best reply format that both sides support. */
export function* chooseReplyForm(options: NegotiationOptions): Conversation<ReplyForm> {
  if (options.extendedHeaders && (yield* askOption(Option.extendedHeaders)).ok) return "extended";
  const structured = options.structuredReplies || options.extendedHeaders;
  return structured && (yield* askOption(Option.structuredReply)).ok ? "structured" : "simple";
}

/**
 * NBD_OPT_ABORT ends the handshake before an export is chosen. Servers may close the connection without a
 * reply.
 */
export function* abort(): Conversation<void> {
  yield* sendOption(Option.abort, Buffer.alloc(0));
}
