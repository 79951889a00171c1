/** The NBD client: see `connect`. */

export { defaultPort, type NbdAddress, type NbdTarget, type TlsParameters } from "./address.ts";
export { allocationOf, baseAllocation } from "./allocation.ts";
export type { Capabilities } from "./capabilities.ts";
export { NbdClient } from "./client.ts";
export { connect, listExports } from "./connect.ts";
export { formatNbdUri } from "./format-uri.ts";
export { joinEqual } from "./join.ts";
export type {
  ConnectOptions,
  ListOptions,
  ReadOptions,
  StatusOptions,
  WriteOptions,
  ZeroOptions,
} from "./options.ts";
export { isNbdUri, parseNbdUri } from "./uri.ts";
