/** The description of an export in the handshake. */
export interface ExportInfo {
  /** Size in bytes. */
  readonly size: bigint;
  /** A combination of the bits of `TransmissionFlag`. */
  readonly flags: number;
  /** The actual name of the export, when the client requested the default export. */
  readonly name?: string;
  readonly description?: string;
  readonly blockSize?: BlockSize;
  /** The metadata contexts that clients of a server can choose. */
  readonly contexts?: readonly OfferedContext[];
}

/** The block size constraints in bytes: doc/proto.md, "Block size constraints". */
export interface BlockSize {
  readonly minimum: number;
  readonly preferred: number;
  readonly maximum: number;
}

/** One item of the reply to NBD_OPT_LIST. */
export interface ExportListing {
  readonly name: string;
  readonly description?: string;
}

/** A negotiated metadata context. Block status chunks contain its id. */
export interface MetaContext {
  readonly id: number;
  readonly name: string;
}

/** A metadata context that can be negotiated. */
export interface OfferedContext extends MetaContext {
  /** True when its states have 64 bits. Only clients with extended headers can receive them. */
  readonly wide?: boolean;
}
