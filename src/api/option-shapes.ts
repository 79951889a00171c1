import {
  aBoolean,
  aFunction,
  aNumber,
  anAbortSignal,
  anArrayOf,
  anObject,
  anything,
  aString,
  either,
  type Kind,
  oneOf,
} from "../core/kinds.ts";
import { checkKind, checkOptions, isPlain, type Shape } from "../core/shape.ts";
import type { HandshakeOptions, ListenOptions } from "../server/server-options.ts";
import type { CaptiveOptions, ConfiguredFilter, ServeOptions, ServeTls } from "./serve-options.ts";

const aLog: Kind = {
  name: "an object with the functions error and debug",
  accepts: (value) =>
    typeof value === "object" &&
    value !== null &&
    "error" in value &&
    aFunction.accepts(value.error) &&
    "debug" in value &&
    aFunction.accepts(value.debug),
};

const serveShape: Shape<ServeOptions> = {
  plugin: either(aString, anObject),
  parameters: anObject,
  filters: anArrayOf("names and filters", either(aString, anObject)),
  listen: anObject,
  exportName: aString,
  readOnly: aBoolean,
  threads: aNumber,
  tls: anObject,
  handshake: anObject,
  keepalive: aBoolean,
  busyPollUs: aNumber,
  debugFlags: anObject,
  log: aLog,
  signal: anAbortSignal,
};

const captiveShape: Shape<CaptiveOptions> = { ...serveShape, stdio: anything, env: anObject };

const configuredShape: Shape<ConfiguredFilter> = { filter: either(aString, anObject), parameters: anObject };

const tlsShape: Shape<ServeTls> = {
  mode: oneOf("on", "require"),
  certificates: aString,
  psk: aString,
  verifyPeer: aBoolean,
  priority: aString,
};

const handshakeShape: Shape<HandshakeOptions> = {
  style: oneOf("newstyle", "oldstyle"),
  flagsMask: aNumber,
  structuredReplies: aBoolean,
  metaContexts: aBoolean,
  timeoutMs: aNumber,
};

type MembersOf<Kind extends ListenOptions["kind"]> = Extract<ListenOptions, { readonly kind: Kind }>;

const listenShapes: { readonly [K in ListenOptions["kind"]]: Shape<MembersOf<K>> } = {
  tcp: { kind: aString, host: aString, family: aNumber, port: aNumber, label: aString },
  unix: { kind: aString, path: aString, label: aString },
  private: { kind: aString, label: aString },
  vsock: { kind: aString, port: aNumber, label: aString },
  stdio: { kind: aString },
  inherited: { kind: aString, descriptors: anArrayOf("numbers", aNumber) },
};

const listenRequired: { readonly [K in ListenOptions["kind"]]: readonly string[] } = {
  tcp: ["port"],
  unix: ["path"],
  private: [],
  vsock: ["port"],
  stdio: [],
  inherited: ["descriptors"],
};

/**
 * Checks the options of `serve`, which a program may pass without types; numbers.ts checks ranges.
 * @throws NbdError EINVAL
 */
export function checkServeOptions(options: ServeOptions): void {
  checkAll("serve", options, serveShape);
}

/** Checks the command and the options of `run` and `spawn`. */
export function checkCaptive(where: string, command: string, options: CaptiveOptions): void {
  checkKind(`${where}: the command`, command, aString);
  checkAll(where, options, captiveShape);
}

function checkAll(where: string, options: ServeOptions, shape: Shape): void {
  checkOptions(where, options, shape, ["plugin"]);
  const { filters = [], listen, tls, handshake } = options;
  for (const one of filters)
    if (isConfigured(one)) checkOptions(`${where}: filters`, one, configuredShape, ["filter", "parameters"]);
  if (listen !== undefined) checkListen(`${where}: listen`, listen);
  if (tls !== undefined) checkOptions(`${where}: tls`, tls, tlsShape);
  if (handshake !== undefined) checkOptions(`${where}: handshake`, handshake, handshakeShape);
}

/** True for a `{ filter, parameters }` item of `filters`. */
export function isConfigured(one: Required<ServeOptions>["filters"][number]): one is ConfiguredFilter {
  return typeof one === "object" && isPlain(one) && "filter" in one;
}

function checkListen(where: string, listen: ListenOptions): void {
  checkKind(`${where}: the option "kind"`, listen.kind, oneOf(...Object.keys(listenShapes)));
  checkOptions(where, listen, listenShapes[listen.kind], listenRequired[listen.kind]);
}
