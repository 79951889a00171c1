export type { BlockSize, Handle, WriteFlags, ZeroFlags } from "./contract/handle.ts";
export type { MetaContext } from "./contract/meta-context.ts";
export {
  boolean,
  catchAll,
  choice,
  delay,
  descriptor,
  integer,
  list,
  once,
  type Parameter,
  type Parameters,
  password,
  path,
  probability,
  size,
  text,
  type Values,
} from "./contract/parameter.ts";
export { readPassword } from "./contract/password.ts";
export {
  type Client,
  definePlugin,
  type ExportItem,
  type Host,
  type ListRequest,
  type OpenRequest,
  type Peer,
  type Plugin,
  type ThreadModel,
} from "./contract/plugin.ts";
export { timestamp } from "./contract/timestamp.ts";
export { type BlockPart, blockParts } from "./core/block-parts.ts";
export { codeOf, messageOf, NbdError, type NbdErrorOptions } from "./core/errors.ts";
export type { Extent, StatusExtent } from "./core/extent.ts";
export { hexdiff, hexdump } from "./core/hexdump.ts";
export { isPromise, type MaybePromise } from "./core/maybe-promise.ts";
export { RangeGate } from "./core/range-gate.ts";
export { parseSize } from "./core/size.ts";
export { parseBoolean, parseDelay, parseInteger, parseProbability } from "./core/values.ts";
export { sleep } from "./kit/sleep.ts";
export { pieceBytesFor, requestUnitOf } from "./served/block-size.ts";
export { forEachPiece } from "./served/pieces.ts";
