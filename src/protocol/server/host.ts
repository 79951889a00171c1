import type { MaybePromise } from "../../core/maybe-promise.ts";
import type { ReplyForm } from "../chunk.ts";
import type { ExportInfo, ExportListing, MetaContext } from "../export-info.ts";

/** What the server's side of the handshake asks of the server. */
export interface HandshakeHost {
  readonly tls: "off" | "on" | "require";
  readonly offers: HandshakeOffers;
  /** @throws (or rejects) with the reason why there is no list */
  listExports(): MaybePromise<readonly ExportListing[]>;
  /**
   * Opens an export for this client. Asked again for the same name (INFO, then GO) it answers with
   * what is open already.
   * @throws (or rejects) ENOENT for a name that is not served
   */
  open(exportName: string): MaybePromise<ExportInfo>;
  debug(message: () => string): void;
}

/** What a server lets clients choose from; tests of clients switch things off. */
export interface HandshakeOffers {
  /** The handshake flags that are announced (--mask-handshake); the rest as if we had never heard of it. */
  readonly flagsMask: number;
  /** --no-sr */
  readonly structuredReplies: boolean;
  /** --no-mc */
  readonly metaContexts: boolean;
}

/** What came out of a handshake that ends in transmission. */
export interface Negotiated {
  readonly exportName: string;
  readonly replyForm: ReplyForm;
  readonly contexts: readonly MetaContext[];
}

/** What has been agreed on so far. */
export interface HandshakeState {
  readonly host: HandshakeHost;
  /** The client speaks fixed newstyle: it understands error replies. */
  readonly fixedNewstyle: boolean;
  readonly noZeroes: boolean;
  encrypted: boolean;
  replyForm: ReplyForm;
  /** The contexts chosen by the last NBD_OPT_SET_META_CONTEXT; they count for that export only. */
  chosen: { readonly exportName: string; readonly contexts: readonly MetaContext[] };
  /** How many exports the client has been told of; it may ask about each. */
  listedExports: number;
}
