import { NbdError } from "../core/errors.ts";
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
import { checkKind, checkOptions, isPlain } from "../core/shape.ts";
import { checkNumber, checkWhole, type Range } from "../core/values.ts";
import {
  busyPollRange,
  debugFlagRange,
  descriptorRange,
  flagsMaskRange,
  tcpPortRange,
  threadsRange,
  timeoutRange,
  vsockPortRange,
} from "../server/ranges.ts";
import type { HandshakeOptions, ListenOptions } from "../server/server-options.ts";
import type { CaptiveOptions, ConfiguredFilter, ServeOptions, ServeTls } from "./serve-options.ts";

/** The kind of an option, and the values of this kind that are allowed. */
interface Rule extends Kind {
  /**
   * @param name name of the option, for the message
   * @param value a value of this kind
   * @throws NbdError EINVAL or ERANGE
   */
  checkValue?(name: string, value: unknown): void;
}

type Rules<T> = Readonly<Record<keyof T & string, Rule>>;

const serveRules: Rules<ServeOptions> = {
  plugin: either(aString, anObject),
  parameters: anObject,
  filters: anArrayOf("names and filters", either(aString, anObject)),
  listen: anObject,
  exportName: aString,
  readOnly: aBoolean,
  threads: wholeIn(threadsRange),
  tls: anObject,
  handshake: anObject,
  keepalive: aBoolean,
  busyPollUs: wholeIn(busyPollRange),
  name: aString,
  debugFlags: { ...anObject, checkValue: checkDebugFlags },
  log: aLog(),
  signal: anAbortSignal,
};

const captiveRules: Rules<CaptiveOptions> = { ...serveRules, stdio: anything, env: anObject };

const configuredRules: Rules<ConfiguredFilter> = { filter: either(aString, anObject), parameters: anObject };

const tlsRules: Rules<ServeTls> = {
  mode: oneOf("on", "require"),
  certificates: aString,
  psk: aString,
  verifyPeer: aBoolean,
  priority: aString,
};

const handshakeRules: Rules<HandshakeOptions> = {
  style: oneOf("newstyle", "oldstyle"),
  flagsMask: wholeIn(flagsMaskRange),
  structuredReplies: aBoolean,
  extendedHeaders: aBoolean,
  metaContexts: aBoolean,
  timeoutMs: { ...aNumber, checkValue: (name, value: number) => void checkNumber(name, value, timeoutRange) },
};

type ListenKind = ListenOptions["kind"];

const listenRules: { readonly [K in ListenKind]: Rules<Extract<ListenOptions, { readonly kind: K }>> } = {
  tcp: {
    kind: aString,
    host: aString,
    family: { ...aNumber, checkValue: checkFamily },
    port: wholeIn(tcpPortRange),
    label: aString,
  },
  unix: { kind: aString, path: aString, label: aString },
  private: { kind: aString, label: aString },
  vsock: { kind: aString, port: wholeIn(vsockPortRange), label: aString },
  stdio: { kind: aString },
  inherited: {
    kind: aString,
    descriptors: { ...anArrayOf("numbers", aNumber), checkValue: checkDescriptors },
    names: anArrayOf("strings", aString),
  },
};

const listenRequired: { readonly [K in ListenKind]: readonly string[] } = {
  tcp: ["port"],
  unix: ["path"],
  private: [],
  vsock: ["port"],
  stdio: [],
  inherited: ["descriptors"],
};

/**
 * Checks the kinds and the ranges of the options of `serve`, which a program may pass without types.
 * @throws NbdError EINVAL or ERANGE
 */
export function checkServeOptions(options: ServeOptions): void {
  checkAll("serve", options, serveRules);
}

/** Checks the command and the options of `run` and `spawn`. */
export function checkCaptive(where: string, command: string, options: CaptiveOptions): void {
  checkKind(`${where}: the command`, command, aString);
  checkAll(where, options, captiveRules);
}

/** True for a `{ filter, parameters }` item of `filters`. */
export function isConfigured(one: Required<ServeOptions>["filters"][number]): one is ConfiguredFilter {
  return typeof one === "object" && isPlain(one) && "filter" in one;
}

function checkAll(where: string, options: ServeOptions, rules: Rules<ServeOptions>): void {
  check(where, "", options, rules, ["plugin"]);
  const { filters = [], listen, tls, handshake } = options;
  for (const one of filters)
    if (isConfigured(one)) check(where, "filters", one, configuredRules, ["filter", "parameters"]);
  if (listen !== undefined) checkListen(where, listen);
  if (tls !== undefined) check(where, "tls", tls, tlsRules);
  if (handshake !== undefined) check(where, "handshake", handshake, handshakeRules);
}

function checkListen(where: string, listen: ListenOptions): void {
  const { kind } = listen;
  checkKind(`${where}: listen: the option "kind"`, kind, oneOf(...Object.keys(listenRules)));
  check(where, "listen", listen, listenRules[kind], listenRequired[kind]);
}

/** @param part the option that holds these options; "" for the options of the function itself */
function check(
  where: string,
  part: string,
  options: object,
  rules: Readonly<Record<string, Rule>>,
  required: readonly string[] = [],
): void {
  checkOptions(part === "" ? where : `${where}: ${part}`, options, rules, required);
  for (const [name, rule] of Object.entries(rules)) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined) rule.checkValue?.(part === "" ? name : `${part}.${name}`, value);
  }
}

function wholeIn(range: Range): Rule {
  return { ...aNumber, checkValue: (name, value: number) => void checkWhole(name, value, range) };
}

function aLog(): Kind {
  const isLog = (value: unknown): boolean =>
    typeof value === "object" &&
    value !== null &&
    "error" in value &&
    aFunction.accepts(value.error) &&
    "debug" in value &&
    aFunction.accepts(value.debug);
  return { name: "an object with the functions error and debug", accepts: isLog };
}

function checkFamily(name: string, family: number): void {
  if (family === 4 || family === 6) return;
  throw new NbdError("EINVAL", `${name}: ${family} is no family of addresses: use 4 or 6`);
}

function checkDescriptors(name: string, descriptors: readonly number[]): void {
  if (descriptors.length === 0)
    throw new NbdError("EINVAL", `${name}: the list is empty: name at least one socket`);
  for (const fd of descriptors) checkWhole(name, fd, descriptorRange);
}

function checkDebugFlags(name: string, flags: Readonly<Record<string, number>>): void {
  for (const [flag, value] of Object.entries(flags)) checkWhole(`${name}["${flag}"]`, value, debugFlagRange);
}
