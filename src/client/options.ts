import type { Socket } from "node:net";

export interface ListOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default: true. Without them there are no sparse reads, error texts and metadata contexts. */
  readonly structuredReplies?: boolean;
  /** Default: true. Lengths of 64 bits, where the server knows them. */
  readonly extendedHeaders?: boolean;
  /** Default: false. Go on in clear where the address asks for TLS and the server does not have it. */
  readonly tlsOptional?: boolean;
}

export interface ConnectOptions extends ListOptions {
  /** Instead of the one in the URI. */
  readonly exportName?: string;
  /** Contexts that `blockStatus` should report; `base:allocation` when absent. */
  readonly metaContexts?: readonly string[];
  /** Also ask which contexts there are, for `NbdClient.availableContexts`. */
  readonly listContexts?: boolean;
  /** Connected to the server already: the address only names it, and has its keys. Closed with the client. */
  readonly socket?: Socket;
}

export interface ReadOptions {
  /** Have the server answer each request in one piece (structured replies only). */
  readonly dontFragment?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WriteOptions {
  /** Answer only once it is on permanent storage. */
  readonly fua?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ZeroOptions extends WriteOptions {
  /** Keep the range allocated. */
  readonly noHole?: boolean | undefined;
  /** Fail with ENOTSUP rather than be as slow as writing. */
  readonly fastZero?: boolean | undefined;
}

export interface StatusOptions {
  /** Only the first extent of each context, cut at the end of the range. */
  readonly requestOne?: boolean;
  /** Only this context, instead of all that were agreed on. */
  readonly context?: string;
  readonly signal?: AbortSignal | undefined;
}
