import type { StatusExtent } from "../../core/extent.ts";

/** What the reply to a request may contain; the parser fills it in. */
export type Awaited = AwaitedRead | AwaitedStatus | AwaitedPlain;

export interface AwaitedRead {
  readonly kind: "read";
  readonly offset: bigint;
  readonly length: number;
  /**
   * Where the data goes. Whoever asked may take it away at any time (an aborted request): from then on the data is
   * dropped, since the bytes belong to someone else again.
   */
  into: Uint8Array | undefined;
  readonly dontFragment: boolean;
}

export interface AwaitedStatus {
  readonly kind: "status";
  readonly offset: bigint;
  readonly length: bigint;
  readonly requestOne: boolean;
  /** Ids of the contexts, each of which owes one chunk. */
  readonly contextIds: readonly number[];
  /** Bytes in the export: no extent ends after it. */
  readonly exportSize: bigint;
}

/** Any other request: it succeeds or fails, and that is all. */
export interface AwaitedPlain {
  readonly kind: "plain";
  readonly offset: bigint;
}

export type Outcome =
  | { readonly ok: true; readonly status: ReadonlyMap<number, readonly StatusExtent[]> }
  | { readonly ok: false; readonly failure: ReplyFailure };

/** Why the server did not do it. */
export interface ReplyFailure {
  /** errno name, one of `WireError` */
  readonly code: string;
  /** The server's own words; may be empty. */
  readonly text: string;
  /** Where in the export it failed, if the server says so. */
  readonly offset?: bigint;
}
