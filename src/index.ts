export { type CaptiveChild, type CaptiveCommand, type CaptiveResult, run, spawn } from "./api/captive.ts";
export type { NbdServer, ServerEvents } from "./api/nbd-server.ts";
export { serve } from "./api/serve.ts";
export type {
  CaptiveOptions,
  ConfiguredFilter,
  ParameterValue,
  ParameterValues,
  ServeOptions,
  ServeTls,
} from "./api/serve-options.ts";
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
export { NbdError, type NbdErrorOptions } from "./core/errors.ts";
export type { Extent } from "./core/extent.ts";
export type { Log } from "./core/log.ts";
export type { Endpoint } from "./server/listener.ts";
export type { ConnectedClient, HandshakeOptions, ListenOptions } from "./server/server-options.ts";
