/** The numbers of the NBD specification (doc/proto.md, "Values"). */

export const Magic = {
  /** "NBDMAGIC" */
  init: 0x4e42444d41474943n,
  /** "IHAVEOPT" */
  option: 0x49484156454f5054n,
  optionReply: 0x3e889045565a9n,
  oldstyle: 0x420281861253n,
  request: 0x25609513,
  extendedRequest: 0x21e41c71,
  simpleReply: 0x67446698,
  structuredReply: 0x668e33ef,
  extendedReply: 0x6e8a278c,
} as const;

/** Handshake flags. The client replies with flags that use the same bits. */
export const HandshakeFlag = { fixedNewstyle: 0x1, noZeroes: 0x2 } as const;

/** Transmission flags of an export. */
export const TransmissionFlag = {
  hasFlags: 0x1,
  readOnly: 0x2,
  sendFlush: 0x4,
  sendFua: 0x8,
  rotational: 0x10,
  sendTrim: 0x20,
  sendWriteZeroes: 0x40,
  sendDf: 0x80,
  canMultiConn: 0x100,
  sendResize: 0x200,
  sendCache: 0x400,
  sendFastZero: 0x800,
  blockStatusPayload: 0x1000,
} as const;

/** Options of the newstyle handshake. */
export const Option = {
  exportName: 1,
  abort: 2,
  list: 3,
  starttls: 5,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
  extendedHeaders: 11,
} as const;

/** Returns the name of an option as the specification writes it. */
export function optionName(option: number): string {
  const [name] = Object.entries(Option).find(([, number]) => number === option) ?? [];
  return name === undefined ? `option ${option}` : `NBD_OPT_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}

/** Types of option replies. */
export const OptionReply = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  errorUnsupported: 0x80000001,
  errorPolicy: 0x80000002,
  errorInvalid: 0x80000003,
  errorPlatform: 0x80000004,
  errorTlsRequired: 0x80000005,
  errorUnknown: 0x80000006,
  errorShutdown: 0x80000007,
  errorBlockSizeRequired: 0x80000008,
  errorTooBig: 0x80000009,
  errorExtendedHeadersRequired: 0x8000000a,
} as const;
export type OptionReply = (typeof OptionReply)[keyof typeof OptionReply];

export function isOptionError(reply: number): boolean {
  return reply >= 0x80000000;
}

/** Information types of NBD_OPT_INFO and NBD_OPT_GO. */
export const Info = { export: 0, name: 1, description: 2, blockSize: 3 } as const;

/** Commands of the transmission phase. */
export const Command = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  cache: 5,
  writeZeroes: 6,
  blockStatus: 7,
} as const;

/** Command flags. */
export const CommandFlag = {
  fua: 0x1,
  noHole: 0x2,
  dontFragment: 0x4,
  requestOne: 0x8,
  fastZero: 0x10,
  payloadLength: 0x20,
} as const;

/** Types of reply chunks. */
export const Chunk = {
  none: 0,
  offsetData: 1,
  offsetHole: 2,
  blockStatus: 5,
  blockStatusExtended: 6,
  error: 0x8001,
  errorOffset: 0x8002,
} as const;

/** Flags of reply chunks. */
export const ChunkFlag = { done: 0x1 } as const;

/** Status bits of the context `base:allocation`. */
export const AllocationState = { hole: 0x1, zero: 0x2 } as const;
/** The metadata context that the specification defines. */
export const baseAllocation = "base:allocation";

/** The errors that a reply may contain, by errno name (doc/proto.md, "Error values"). */
export const WireError = {
  EPERM: 1,
  EIO: 5,
  ENOMEM: 12,
  EINVAL: 22,
  ENOSPC: 28,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ESHUTDOWN: 108,
} as const;

/** Bytes of the longest string that the specification allows (names, descriptions, queries). */
export const stringBytesMax = 4096;
/** Bytes of one read or write; the limit of nbdkit. Larger requests are refused. Clients split them. */
export const requestBytesMax: number = 64 * 1024 * 1024;
/**
 * Bytes of one option: 32 metadata queries of maximum length fit. The connection of a client that sends more
 * is closed.
 */
export const optionBytesMax: number = 32 * (stringBytesMax + 8);
/**
 * Options in one handshake. A client with more makes no progress. (nbdkit: 32, and one more for each listed
 * export.)
 */
export const optionsMax = 64;
/** Additional options for each listed export: clients send INFO and context options for each of them. */
export const optionsPerListedExport = 4;
/** Contexts in one block status payload. No server has nearly as many. */
export const statusContextsMax = 1024;
/**
 * Extents in one block status reply. doc/proto.md allows 2^20 in a chunk; with a smaller limit, clients
 * request the rest.
 */
export const blockStatusExtentsMax = 8192;
