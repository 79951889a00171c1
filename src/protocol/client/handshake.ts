import type { ReplyForm } from "../chunk.ts";
import { Option, OptionReply } from "../constants.ts";
import type { Conversation } from "../conversation.ts";
import type { ExportInfo, MetaContext } from "../export-info.ts";
import { chooseByName } from "./export-name.ts";
import { type Greeting, greet } from "./greeting.ts";
import { askInfo } from "./info.ts";
import { listMetaContexts, setMetaContexts } from "./meta-context.ts";
import { abort, chooseReplyForm, type NegotiationOptions, secure } from "./negotiate.ts";
import { refusedError } from "./refusal.ts";
import { violation } from "./violation.ts";

/** Options of {@link clientHandshake}. */
export interface ClientHandshakeOptions extends NegotiationOptions {
  readonly exportName: string;
  /** The metadata contexts to request, in this order. Servers select those that they support. */
  readonly metaContexts: readonly string[];
  /** True also lists the available contexts (NBD_OPT_LIST_META_CONTEXT). */
  readonly listContexts?: boolean;
}

/** The result of a handshake that ends in the transmission phase. */
export interface ClientAgreement {
  readonly style: Greeting["style"];
  /** The requested name; "" with an oldstyle server, which has only one export. */
  readonly exportName: string;
  readonly info: ExportInfo;
  readonly replyForm: ReplyForm;
  readonly contexts: readonly MetaContext[];
  /** All contexts of the server, when `listContexts` is set. */
  readonly availableContexts: readonly string[];
}

/**
 * The client side of the handshake (doc/proto.md, "Handshake"), up to the transmission phase.
 * @throws NbdError EPROTO when the server violates the protocol; when the server refuses, the errno name of
 * the refusal, with the message of the server
 */
export function* clientHandshake(options: ClientHandshakeOptions): Conversation<ClientAgreement> {
  const greeting = yield* greet();
  yield* secure(greeting.style, options);
  const plain = { style: greeting.style, replyForm: "simple", contexts: [], availableContexts: [] } as const;
  if (greeting.style === "oldstyle") return { ...plain, exportName: "", info: greeting.info };
  const { exportName } = options;
  if (greeting.style === "newstyle") {
    return { ...plain, exportName, info: yield* chooseByName(exportName, greeting.noZeroes) };
  }
  return yield* fixedNewstyle(options, greeting.noZeroes);
}

function* fixedNewstyle(options: ClientHandshakeOptions, noZeroes: boolean): Conversation<ClientAgreement> {
  const { exportName, metaContexts } = options;
  const replyForm = yield* chooseReplyForm(options);
  const hasContexts = replyForm !== "simple";
  const availableContexts = hasContexts && options.listContexts ? yield* listMetaContexts(exportName) : [];
  const contexts =
    hasContexts && metaContexts.length > 0 ? yield* setMetaContexts(exportName, metaContexts) : [];
  const info = yield* go(exportName, replyForm, noZeroes);
  return { style: "newstyle-fixed", exportName, info, replyForm, contexts, availableContexts };
}

function* go(exportName: string, replyForm: ReplyForm, noZeroes: boolean): Conversation<ExportInfo> {
  const answer = yield* askInfo(Option.go, exportName);
  if (!("refusal" in answer)) return answer;
  if (answer.refusal.type === OptionReply.errorUnsupported) {
    if (replyForm === "extended") throw violation("it has extended headers but not NBD_OPT_GO");
    return yield* chooseByName(exportName, noZeroes);
  }
  yield* abort();
  throw refusedError(`export "${exportName}"`, answer.refusal);
}
