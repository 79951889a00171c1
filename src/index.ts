export {
  type Capabilities,
  type ConnectOptions,
  connect,
  formatNbdUri,
  isNbdUri,
  type ListOptions,
  listExports,
  type NbdAddress,
  NbdClient,
  type NbdTarget,
  parseNbdUri,
  type ReadOptions,
  type StatusOptions,
  type TlsParameters,
  type WriteOptions,
  type ZeroOptions,
} from "./client/index.ts";
export { NbdError } from "./core/errors.ts";
export type { Extent } from "./core/extent.ts";
