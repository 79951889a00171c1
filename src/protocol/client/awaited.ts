import type { StatusExtent } from "../../core/extent.ts";

/** The content that the reply to a request may have. The parser fills it in. */
export type Awaited = AwaitedRead | AwaitedStatus | AwaitedPlain;

/** The reply to a read. */
export interface AwaitedRead {
  readonly kind: "read";
  readonly offset: bigint;
  readonly length: number;
  /**
   * The buffer for the data. The caller may take it back at any time, when the request is aborted. The parser
   * then drops the data.
   */
  into: Uint8Array | undefined;
  readonly dontFragment: boolean;
}

/** The reply to a block status request. */
export interface AwaitedStatus {
  readonly kind: "status";
  readonly offset: bigint;
  readonly length: bigint;
  readonly requestOne: boolean;
  /** Ids of the contexts. The reply must have one chunk for each. */
  readonly contextIds: readonly number[];
  /** Bytes in the export. No extent may end after it. */
  readonly exportSize: bigint;
}

/** The reply to any other request: success or an error, without data. */
export interface AwaitedPlain {
  readonly kind: "plain";
  readonly offset: bigint;
}

/** The result of a request. `status` maps the id of a context to its extents. */
export type Outcome =
  | { readonly ok: true; readonly status: ReadonlyMap<number, readonly StatusExtent[]> }
  | { readonly ok: false; readonly failure: ReplyFailure };

/** The error that the server replied. */
export interface ReplyFailure {
  /** The errno name, one of `WireError`. */
  readonly code: string;
  /** The error message of the server; may be empty. */
  readonly text: string;
  /** The offset of the error in the export, if the server sends it. */
  readonly offset?: bigint;
}
