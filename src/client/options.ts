import type { Socket } from "node:net";

/** Options of `listExports`. */
export interface ListOptions {
  /** Aborts the call and closes the connection. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Negotiate structured replies: needed for sparse reads, error texts and metadata contexts. Default: true.
   */
  readonly structuredReplies?: boolean;
  /** Negotiate extended headers (lengths of 64 bits). Default: the value of `structuredReplies`. */
  readonly extendedHeaders?: boolean;
  /**
   * Continue without encryption when the address requires TLS and the server does not support TLS. Default:
   * false.
   */
  readonly tlsOptional?: boolean;
}

/** Options of `connect`. */
export interface ConnectOptions extends ListOptions {
  /** The export name. Overrides the export name in the URI. */
  readonly exportName?: string;
  /** Metadata contexts to negotiate; `blockStatus` reports these. Default: `base:allocation`. */
  readonly metaContexts?: readonly string[];
  /** List all metadata contexts of the export, for `NbdClient.availableContexts`. Default: false. */
  readonly listContexts?: boolean;
  /**
   * A socket that is connected to the server already. The address is then used only for messages, for the
   * export name and for TLS. The client closes the socket.
   */
  readonly socket?: Socket;
}

/** Options of `NbdClient.read`. */
export interface ReadOptions {
  /**
   * Ask the server to send each reply in one piece (NBD_CMD_FLAG_DF; needs structured replies). Default:
   * false.
   */
  readonly dontFragment?: boolean | undefined;
  /** Rejects the call at once when the signal aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `NbdClient.write` and `NbdClient.trim`. */
export interface WriteOptions {
  /** The server replies only when the data is on permanent storage (NBD_CMD_FLAG_FUA). Default: false. */
  readonly fua?: boolean | undefined;
  /** Rejects the call at once when the signal aborts. The server may still execute the request. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `NbdClient.zero`. */
export interface ZeroOptions extends WriteOptions {
  /** Keep the range allocated (NBD_CMD_FLAG_NO_HOLE). Default: false. */
  readonly noHole?: boolean | undefined;
  /**
   * Fail with ENOTSUP when zeroing is not faster than writing zeroes (NBD_CMD_FLAG_FAST_ZERO). Default:
   * false.
   */
  readonly fastZero?: boolean | undefined;
}

/** Options of `NbdClient.blockStatus`. */
export interface StatusOptions {
  /** Report only the first extent of each context, cut at the end of the range. Default: false. */
  readonly requestOne?: boolean;
  /** Report only this metadata context. Default: all negotiated contexts. */
  readonly context?: string;
  /** Rejects the call at once when the signal aborts. */
  readonly signal?: AbortSignal | undefined;
}
