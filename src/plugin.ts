export { pieceBytesFor, requestUnitOf } from "./backend/block-size.ts";
export type { BlockSize, Handle, WriteFlags, ZeroFlags } from "./backend/handle.ts";
export type { MetaContext } from "./backend/meta-context.ts";
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
} from "./backend/parameter.ts";
export { readPassword } from "./backend/password.ts";
export { forEachPiece } from "./backend/pieces.ts";
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
} from "./backend/plugin.ts";
export { sleep } from "./backend/sleep.ts";
export { type BlockPart, blockParts } from "./core/block-parts.ts";
export { codeOf, messageOf, NbdError, type NbdErrorOptions } from "./core/errors.ts";
export type { Extent, StatusExtent } from "./core/extent.ts";
export { isPromise, type MaybePromise } from "./core/maybe-promise.ts";
export { RangeGate } from "./core/range-gate.ts";
export { parseSize } from "./core/size.ts";
export { parseBoolean, parseDelay, parseInteger, parseProbability } from "./core/values.ts";
