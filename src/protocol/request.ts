/**
 * A request of the transmission phase (doc/proto.md, "Request types").
 * Offsets are bytes in the export. Lengths of data are numbers. Lengths of ranges are bigint, because
 * extended headers allow 64 bits.
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
      /** The requested contexts (NBD_CMD_FLAG_PAYLOAD_LEN); all negotiated contexts when absent. */
      readonly contextIds?: readonly number[];
    })
  | Refused;

interface Range {
  readonly cookie: bigint;
  readonly offset: bigint;
  readonly length: bigint;
}

/**
 * An invalid request that leaves the stream readable. It gets an error reply, and the connection continues.
 */
export interface Refused {
  readonly kind: "refused";
  readonly cookie: bigint;
  /** The offset that the client sent. Extended replies repeat it. */
  readonly offset: bigint;
  readonly code: string;
  readonly reason: string;
}
