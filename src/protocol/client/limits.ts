import { stringBytesMax } from "../constants.ts";

/** Bytes of one reply to an option: a name and a description of maximum length, or a message, fit twice. */
export const optionReplyBytesMax: number = 4 * stringBytesMax;
/** Replies to one option. nbdkit limits its list of exports to 10000, and no other list is as long. */
export const optionRepliesMax = 10_000;
/**
 * Bytes of all replies to one option. 10000 exports with names and descriptions of about 3 KB fit; with the
 * longest names and descriptions they would need 160 MiB.
 */
export const optionRepliesBytesMax: number = 32 * 1024 * 1024;
/** Bytes of all names, descriptions and contexts of a listing. */
export const listingBytesMax: number = 2 * optionRepliesBytesMax;
/**
 * Error chunks in one reply: one for each sector of a 32 MiB read. With more, the client would wait without
 * end.
 */
export const errorChunksMax = 65_536;
/**
 * doc/proto.md, "Size constraints": a client may treat larger payloads as an attack, whatever the server
 * announces.
 */
export const payloadBytesMax: number = 32 * 1024 * 1024;
/** Servers should not send more extents in one chunk (doc/proto.md, "NBD_REPLY_TYPE_BLOCK_STATUS"). */
export const statusExtentsMax: number = 2 ** 20;
/** Bytes of an error chunk: a message of maximum length, and room for fields of unknown types. */
export const errorChunkBytesMax: number = 2 * stringBytesMax;
/**
 * Gaps in one read while its chunks arrive out of order. A 32 MiB read in pieces of 4 KiB with every second
 * one missing fits. Without a limit, a server could slow the client down.
 */
export const readPiecesMax = 4096;
/** Maximum of the minimum block size, in bytes (doc/proto.md, "Size constraints"). */
export const minimumBlockMax = 65_536;
