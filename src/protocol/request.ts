/**
 * What a client asks for after the handshake (doc/proto.md, "Request types"), as one precise type.
 * Offsets are bytes in the export; lengths that carry data are numbers, those that only name a range are bigint,
 * since extended headers make them 64 bits long.
 */
export type Request =
  | {
      readonly kind: "read";
      readonly cookie: bigint;
      readonly offset: bigint;
      readonly length: number;
      readonly dontFragment: boolean;
    }
  | {
      readonly kind: "write";
      readonly cookie: bigint;
      readonly offset: bigint;
      readonly length: number;
      readonly payload: Buffer;
      readonly fua: boolean;
    }
  | { readonly kind: "flush"; readonly cookie: bigint }
  | { readonly kind: "disconnect"; readonly cookie: bigint }
  | (Range & { readonly kind: "trim"; readonly fua: boolean })
  | (Range & {
      readonly kind: "zero";
      readonly fua: boolean;
      readonly mayTrim: boolean;
      readonly fastZero: boolean;
    })
  | (Range & { readonly kind: "cache" })
  | (Range & {
      readonly kind: "blockStatus";
      readonly requestOne: boolean;
      /** Only these contexts (NBD_CMD_FLAG_PAYLOAD_LEN); all that were negotiated when absent. */
      readonly contextIds?: readonly number[];
    })
  | Refused;

interface Range {
  readonly cookie: bigint;
  readonly offset: bigint;
  readonly length: bigint;
}

/** A request that breaks the rules but leaves the stream readable: it gets an error and the connection lives on. */
export interface Refused {
  readonly kind: "refused";
  readonly cookie: bigint;
  /** As the client gave it: extended replies repeat it. */
  readonly offset: bigint;
  readonly code: string;
  readonly reason: string;
}
