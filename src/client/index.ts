/** The NBD client: see `connect`. */

export { defaultPort, type NbdAddress, type NbdTarget, type TlsParameters } from "./address.ts";
export { allocationOf, baseAllocation } from "./allocation.ts";
export type { Capabilities } from "./capabilities.ts";
export { NbdClient, type StatusOptions } from "./client.ts";
export { type ConnectOptions, connect, type ListOptions, listExports } from "./connect.ts";
export { formatNbdUri } from "./format-uri.ts";
export { joinEqual } from "./join.ts";
export type { ReadOptions, WriteOptions, ZeroOptions } from "./requests.ts";
export { isNbdUri, parseNbdUri } from "./uri.ts";
