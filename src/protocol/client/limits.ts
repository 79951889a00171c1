import { stringBytesMax } from "../constants.ts";

/** One reply to an option: a name and a description of the longest kind, or a text, fit twice. */
export const optionReplyBytesMax: number = 4 * stringBytesMax;
/** Replies to one option: nbdkit stops listing exports at 10000, and nothing else is as long. */
export const optionRepliesMax = 10_000;
/**
 * All replies to one option together: ten thousand exports with names and descriptions of some thousand bytes fit. The longest
 * names and texts that may be would take 160 MiB.
 */
export const optionRepliesBytesMax: number = 32 * 1024 * 1024;
/** Everything that a listing tells about all exports, with their contexts. */
export const listingBytesMax: number = 2 * optionRepliesBytesMax;
/** Errors in one reply: one for each sector of a 32 MiB read. More would keep the client waiting for ever. */
export const errorChunksMax = 65_536;
/** doc/proto.md, "Size constraints": larger payloads may be taken for an attack, whatever a server announces. */
export const payloadBytesMax: number = 32 * 1024 * 1024;
/** Servers should not send more extents in one chunk (doc/proto.md, "NBD_REPLY_TYPE_BLOCK_STATUS"). */
export const statusExtentsMax: number = 2 ** 20;
/** An error chunk: a text of the longest kind, and room for the fields that an unknown type may add. */
export const errorChunkBytesMax: number = 2 * stringBytesMax;
/**
 * Gaps that one read may have while its chunks arrive out of order: a 32 MiB read in pieces of 4 KiB, every
 * second one missing, fits. Keeping more would let a server make us slow.
 */
export const readPiecesMax = 4096;
/** No block may be larger (doc/proto.md, "Size constraints"). */
export const minimumBlockMax = 65_536;
