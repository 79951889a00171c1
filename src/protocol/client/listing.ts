import { NbdError } from "../../core/errors.ts";
import type { ReplyForm } from "../chunk.ts";
import { Option } from "../constants.ts";
import type { Conversation } from "../conversation.ts";
import type { ExportInfo, ExportListing } from "../export-info.ts";
import { greet } from "./greeting.ts";
import { askInfo } from "./info.ts";
import { listingBytesMax } from "./limits.ts";
import { askList } from "./list.ts";
import { listMetaContexts } from "./meta-context.ts";
import { abort, chooseReplyForm, type NegotiationOptions, secure } from "./negotiate.ts";
import { violation } from "./violation.ts";

/** One export of the list. `info` is undefined when the export cannot be opened now. */
export interface ListedExport extends ExportListing {
  readonly info?: ExportInfo;
  readonly contexts: readonly string[];
}

/** The result of {@link clientListing}. */
export interface ServerListing {
  readonly style: "newstyle-fixed";
  readonly replyForm: ReplyForm;
  readonly exports: readonly ListedExport[];
}

/**
 * Lists the exports of a server, requests the info of each, and sends NBD_OPT_ABORT.
 * @throws NbdError ENOTSUP when the server is too old to list; when the server refuses, the errno name of the
 * refusal
 */
export function* clientListing(options: NegotiationOptions): Conversation<ServerListing> {
  const { style } = yield* greet();
  if (style !== "newstyle-fixed")
    throw new NbdError("ENOTSUP", `the server cannot list exports (${style} handshake)`);
  yield* secure(style, options);
  const replyForm = yield* chooseReplyForm(options);
  const exports: ListedExport[] = [];
  let characters = 0;
  for (const listing of yield* askList()) {
    const described = yield* describe(listing, replyForm);
    characters += charactersIn(described);
    if (characters > listingBytesMax) throw violation(`a listing of more than ${listingBytesMax} bytes`);
    exports.push(described);
  }
  yield* abort();
  return { style, replyForm, exports };
}

/** Counts a base amount too: an empty string also uses memory. */
function charactersIn({ name, description = "", info, contexts }: ListedExport): number {
  const texts = [name, description, info?.name ?? "", info?.description ?? "", ...contexts];
  return texts.reduce((sum, text) => sum + text.length + 16, 0);
}

function* describe(listing: ExportListing, replyForm: ReplyForm): Conversation<ListedExport> {
  const answer = yield* askInfo(Option.info, listing.name);
  if ("refusal" in answer) return { ...listing, contexts: [] };
  const contexts = replyForm === "simple" ? [] : yield* listMetaContexts(listing.name);
  return { ...listing, info: answer, contexts };
}
