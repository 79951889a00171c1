import { NbdError } from "../core/errors.ts";
import { checkNumber, parseBoolean, parseDelay, parseInteger } from "../core/values.ts";
import type { LogDestination } from "../server/error-sink.ts";
import {
  busyPollRange,
  debugFlagRange,
  flagsMaskRange,
  threadsRange,
  timeoutRange,
} from "../server/ranges.ts";
import { type HandshakeOptions, handshakeDefaults, threadsDefault } from "../server/server-options.ts";
import type { TlsOptions } from "../server/tls.ts";
import { getopt } from "./getopt.ts";
import type { Invocation } from "./invocation.ts";
import { type Option, type OptionId, options } from "./option-table.ts";

type Draft = { -readonly [K in keyof Omit<Invocation, "handshake" | "tls">]: Invocation[K] } & {
  filters: string[];
  parameters: string[];
  debugFlags: Map<string, number>;
  handshake: { -readonly [K in keyof HandshakeOptions]: HandshakeOptions[K] };
  tls: { -readonly [K in keyof TlsOptions]: TlsOptions[K] };
};

/**
 * Parses the command line. Depends on the arguments only, not on files or the environment.
 * @throws NbdError with a message of one line for the user
 */
export function parseArguments(args: readonly string[]): Invocation {
  const draft: Draft = {
    action: "serve",
    busyPollUs: 0,
    filters: [],
    parameters: [],
    debugFlags: new Map(),
    exitWithParent: false,
    exportName: "",
    foreground: false,
    handshake: { ...handshakeDefaults },
    keepalive: false,
    logTo: "default",
    printUri: false,
    readOnly: false,
    single: false,
    swap: false,
    threads: threadsDefault,
    tls: { verifyPeer: false },
    verbose: false,
    vsock: false,
  };
  for (const found of getopt(args, options)) {
    if ("operand" in found) addOperand(draft, found.operand);
    else applyOption(draft, found.option, found.value);
    // As in nbdkit, these options take effect at once: the rest of the command line is not parsed.
    if (immediate.has(draft.action)) return draft;
  }
  checkCombination(draft);
  return draft;
}

const immediate: ReadonlySet<Invocation["action"]> = new Set(["dumpConfig", "longOptions", "shortOptions"]);

function addOperand(draft: Draft, operand: string): void {
  if (draft.plugin === undefined) draft.plugin = operand;
  else draft.parameters.push(operand);
}

function applyOption(draft: Draft, option: Option, value: string): void {
  appliers[option.id](draft, value);
}

const appliers: Readonly<Record<OptionId, (draft: Draft, value: string) => void>> = {
  ipv4Only: (draft) => {
    draft.family = 4;
  },
  ipv6Only: (draft) => {
    draft.family = 6;
  },
  debug: (draft, value) => draft.debugFlags.set(...parseDebugFlag(value)),
  dumpConfig: (draft) => setAction(draft, "dumpConfig"),
  dumpPlugin: (draft) => setAction(draft, "dumpPlugin"),
  exitWithParent: (draft) => {
    draft.exitWithParent = true;
    draft.foreground = true;
  },
  exportName: (draft, value) => {
    draft.exportName = value;
  },
  filter: (draft, value) => draft.filters.push(value),
  foreground: (draft) => {
    draft.foreground = true;
  },
  group: (draft, value) => {
    draft.group = value;
  },
  help: (draft) => setAction(draft, "help"),
  ipAddress: (draft, value) => {
    draft.ipAddress = value;
  },
  longOptions: (draft) => setAction(draft, "longOptions"),
  keepalive: (draft) => {
    draft.keepalive = true;
  },
  log: (draft, value) => {
    draft.logTo = parseLogDestination(value);
  },
  maskHandshake: (draft, value) => {
    draft.handshake.flagsMask = parseInteger("mask-handshake", value, flagsMaskRange.min, flagsMaskRange.max);
  },
  name: (draft, value) => {
    draft.name = value;
  },
  newPlugin: (draft, value) => {
    draft.newPlugin = value;
    setAction(draft, "newPlugin");
  },
  newstyle: (draft) => {
    draft.handshake.style = "newstyle";
  },
  noExtendedHeaders: (draft) => {
    draft.handshake.extendedHeaders = false;
  },
  noMetaContexts: (draft) => {
    draft.handshake.metaContexts = false;
  },
  noStructuredReplies: (draft) => {
    draft.handshake.structuredReplies = false;
  },
  oldstyle: (draft) => {
    draft.handshake.style = "oldstyle";
  },
  pidfile: (draft, value) => {
    draft.pidfile = value;
  },
  port: (draft, value) => {
    draft.port = value;
  },
  printUri: (draft) => {
    draft.printUri = true;
  },
  readOnly: (draft) => {
    draft.readOnly = true;
  },
  run: (draft, value) => {
    draft.run = value;
    draft.foreground = true;
  },
  selinuxLabel: (draft, value) => {
    draft.selinuxLabel = value;
  },
  shortOptions: (draft) => setAction(draft, "shortOptions"),
  single: (draft) => {
    draft.single = true;
    draft.foreground = true;
  },
  swap: (draft) => {
    draft.swap = true;
  },
  threads: (draft, value) => {
    draft.threads = parseInteger("threads", value, threadsRange.min, threadsRange.max) || threadsDefault;
  },
  busyPoll: (draft, value) => {
    draft.busyPollUs = parseBusyPoll(value);
  },
  timeout: (draft, value) => {
    draft.handshake.timeoutMs = checkNumber("timeout in ms", parseDelay("timeout", value), timeoutRange);
  },
  tls: (draft, value) => {
    draft.tls.mode = parseTlsMode(value);
  },
  tlsCertificates: (draft, value) => {
    draft.tls.certificates = value;
  },
  tlsPriority: (draft, value) => {
    draft.tls.priority = value;
  },
  tlsPsk: (draft, value) => {
    draft.tls.psk = value;
  },
  tlsVerifyPeer: (draft) => {
    draft.tls.verifyPeer = true;
  },
  unix: (draft, value) => {
    draft.unix = value;
  },
  user: (draft, value) => {
    draft.user = value;
  },
  verbose: (draft) => {
    draft.verbose = true;
  },
  version: (draft) => setAction(draft, "version"),
  vsock: (draft) => {
    draft.vsock = true;
  },
};

/**
 * The action with the highest rank wins, independent of the order: --help over --version over --dump-plugin.
 */
const actionRank: readonly Invocation["action"][] = ["serve", "newPlugin", "dumpPlugin", "version", "help"];

function setAction(draft: Draft, action: Invocation["action"]): void {
  if (immediate.has(action) || actionRank.indexOf(action) > actionRank.indexOf(draft.action))
    draft.action = action;
}

/**
 * Parses the value of -D. A leading space stays part of the name, so that `-D vddk.stats=1` passed as one
 * word causes a warning (unknown flag), not an error.
 */
function parseDebugFlag(text: string): [name: string, value: number] {
  const [, name, value] = /^([^.=]+\.[^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new NbdError("EINVAL", `-D (Debug Flag) must have the format NAME.FLAG=N, and is "${text}"`);
  }
  return [name, parseInteger(`-D ${name}`, value, debugFlagRange.min, debugFlagRange.max)];
}

function parseLogDestination(value: string): LogDestination {
  const isWord = (text: string): text is LogDestination =>
    text.startsWith("/") || ["default", "stderr", "syslog", "null"].includes(text);
  if (isWord(value)) return value;
  throw new NbdError(
    "EINVAL",
    `--log must be "default", "stderr", "syslog", "null" or an absolute path, and is "${value}"`,
  );
}

/** Parses the value of --tls: a boolean or "require". */
function parseTlsMode(value: string): "off" | "on" | "require" {
  if (["require", "required", "force"].includes(value.toLowerCase())) return "require";
  return parseBoolean(value) ? "on" : "off";
}

/**
 * nbdkit(1), "SOCKETS": these options exclude each other, because the server listens on one endpoint only.
 */
function checkCombination(draft: Draft): void {
  const places = [
    draft.vsock ? "--vsock" : draft.port !== undefined && "-p",
    draft.unix !== undefined && "-U",
    draft.single && "-s",
    draft.single && draft.run !== undefined && "--run",
    draft.single && draft.action === "dumpPlugin" && "--dump-plugin",
  ].filter((place) => place !== false);
  if (places.length > 1) {
    throw new NbdError("EINVAL", `${places.join(" and ")} cannot be used together`);
  }
  if (draft.handshake.style === "oldstyle" && draft.tls.mode === "require") {
    throw new NbdError(
      "EINVAL",
      "-o and --tls=require cannot be used together: the oldstyle protocol has no TLS",
    );
  }
}

function parseBusyPoll(text: string): number {
  const delayUs = Math.round(parseDelay("busy-poll", text) * 1000);
  if (delayUs <= busyPollRange.max) return delayUs;
  const most = `at most ${busyPollRange.max / 1000}ms`;
  throw new NbdError("EINVAL", `--busy-poll=${text}: ${most}, and 50us is a good choice`);
}
