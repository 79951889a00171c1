/** What the handshake tells a client about an export. */
export interface ExportInfo {
  /** bytes */
  readonly size: bigint;
  /** A combination of `TransmissionFlag`. */
  readonly flags: number;
  /** The name that the export really has, when the client asked for the default one. */
  readonly name?: string;
  readonly description?: string;
  readonly blockSize?: BlockSize;
  /** What block status can tell of it; a server's side of the handshake lets clients choose. */
  readonly contexts?: readonly OfferedContext[];
}

/** doc/proto.md, "Block size constraints"; bytes. */
export interface BlockSize {
  readonly minimum: number;
  readonly preferred: number;
  readonly maximum: number;
}

/** One line of the answer to NBD_OPT_LIST. */
export interface ExportListing {
  readonly name: string;
  readonly description?: string;
}

/** A metadata context that was agreed on; block status chunks carry the id. */
export interface MetaContext {
  readonly id: number;
  readonly name: string;
}

/** A metadata context that may be agreed on. */
export interface OfferedContext extends MetaContext {
  /** Its states need more than 32 bits, which only clients with extended headers can be told. */
  readonly wide?: boolean;
}
