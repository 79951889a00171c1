import type { MaybePromise } from "../../core/maybe-promise.ts";
import type { ReplyForm } from "../chunk.ts";
import type { ExportInfo, ExportListing, MetaContext } from "../export-info.ts";

/** The functions of the server that the handshake calls. */
export interface HandshakeHost {
  readonly tls: "off" | "on" | "require";
  readonly offers: HandshakeOffers;
  /** Lists the exports. @throws (or rejects) when the exports cannot be listed */
  listExports(): MaybePromise<readonly ExportListing[]>;
  /**
   * Opens an export for this client. The same name again (INFO, then GO) returns the open export.
   * @throws (or rejects) ENOENT for an unknown name
   */
  open(exportName: string): MaybePromise<ExportInfo>;
  debug(message: () => string): void;
}

/** The features that the server offers. Tests of clients disable some of them. */
export interface HandshakeOffers {
  /**
   * The handshake flags to announce (--mask-handshake). The server behaves as if it did not know the others.
   */
  readonly flagsMask: number;
  /** False disables structured replies and extended headers (--no-sr). */
  readonly structuredReplies: boolean;
  /** False disables extended headers (--no-eh). */
  readonly extendedHeaders: boolean;
  /** False disables metadata contexts (--no-mc). */
  readonly metaContexts: boolean;
}

/** The result of a handshake that ends in the transmission phase. */
export interface Negotiated {
  readonly exportName: string;
  readonly replyForm: ReplyForm;
  readonly contexts: readonly MetaContext[];
}

/** The state of the negotiation. */
export interface HandshakeState {
  readonly host: HandshakeHost;
  /**
   * True when the server has offered the fixed newstyle. doc/proto.md, "Client flags": a server may use it also with a client
   * that does not set the flag, as go-nbd.
   */
  readonly fixedNewstyle: boolean;
  readonly noZeroes: boolean;
  encrypted: boolean;
  replyForm: ReplyForm;
  /** The contexts of the last NBD_OPT_SET_META_CONTEXT. They are valid for that export only. */
  chosen: { readonly exportName: string; readonly contexts: readonly MetaContext[] };
  /** Number of exports in the longest list so far. The client may request the info of each. */
  listedExports: number;
}
