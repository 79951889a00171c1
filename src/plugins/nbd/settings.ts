import { resolve } from "node:path";
import {
  defaultPort,
  type ListOptions,
  type NbdAddress,
  parseNbdUri,
  type TlsParameters,
} from "../../client/index.ts";
import { must } from "../../core/assert.ts";
import { NbdError } from "../../core/errors.ts";
import { parseInteger } from "../../core/values.ts";
import { tcpPort } from "../../native/port.ts";
import type { TlsMode } from "./tls-mode.ts";

/** The values of the plugin's parameters. */
export interface Values {
  readonly uri: string | undefined;
  readonly socket: string | undefined;
  readonly hostname: string | undefined;
  readonly port: string | undefined;
  readonly vsock: number | undefined;
  readonly command: string | undefined;
  readonly arg: readonly string[];
  readonly "socket-fd": number | undefined;
  readonly export: string;
  readonly "dynamic-export": boolean;
  readonly retry: number;
  readonly shared: boolean;
  readonly tls: TlsMode | undefined;
  readonly "tls-certificates": string | undefined;
  readonly "tls-verify": boolean | undefined;
  readonly "tls-username": string | undefined;
  readonly "tls-psk": string | undefined;
}

/** The remote server and the options of the connections to it. */
export interface Settings {
  readonly place: Place;
  /** The TLS parameters for a server that is not given by an address. */
  readonly tls: TlsParameters | undefined;
  readonly connectOptions: Pick<ListOptions, "tlsOptional">;
  /** The export for all clients; undefined when each client chooses one. */
  readonly exportName: string | undefined;
  readonly retries: number;
  readonly shared: boolean;
}

/** The location of the remote server. */
export type Place =
  | { readonly kind: "address"; readonly address: NbdAddress }
  | { readonly kind: "command"; readonly words: readonly string[] }
  | { readonly kind: "descriptor"; readonly fd: number };

/**
 * Determines the settings from the parameters.
 * @throws NbdError EINVAL for missing parameters and for parameters that exclude each other
 */
export function settingsOf(values: Values): Settings {
  const place = placeOf(values);
  const shared = values.shared || place.kind !== "address";
  const dynamic = values["dynamic-export"];
  if (dynamic && values.export !== "") {
    throw wrong("cannot mix 'dynamic-export' with explicit export name: leave out export=");
  }
  if (dynamic && shared) {
    throw wrong("cannot use 'dynamic-export' with shared connection, which has one export only");
  }
  const inUri = place.kind === "address" ? place.address : undefined;
  const mode = inUri?.tls === undefined ? tlsModeOf(values) : "require";
  const tls = mode === "off" ? undefined : { ...tlsOf(values), ...inUri?.tls };
  return {
    place: inUri && tls ? { kind: "address", address: { ...inUri, tls } } : place,
    tls,
    connectOptions: { tlsOptional: mode === "on" },
    exportName: dynamic ? undefined : inUri?.exportName || values.export,
    retries: values.retry,
    shared,
  };
}

/** vsock ports have 32 bits. */
const vsockPortMax = 2 ** 32 - 1;

function placeOf(values: Values): Place {
  const { uri, socket, hostname, port, vsock, command, arg, "socket-fd": fd } = values;
  const given = [uri, socket, hostname, vsock, command, fd].filter((value) => value !== undefined);
  const all = "'socket', 'hostname', 'vsock', 'command', 'socket-fd' and 'uri'";
  if (given.length === 0) throw wrong(`exactly one of ${all} parameters must be specified`);
  if (given.length > 1) throw wrong(`cannot mix ${all} parameters: give exactly one`);
  if (port !== undefined && hostname === undefined && vsock === undefined) {
    throw wrong("'port' parameter should only be used with 'hostname' or 'vsock'");
  }
  if (arg.length > 0 && command === undefined) throw wrong("'arg' parameter needs 'command'");
  if (command !== undefined) return { kind: "command", words: [programPath(command), ...arg] };
  if (fd !== undefined) return { kind: "descriptor", fd };
  return { kind: "address", address: addressOf(values) };
}

/** A name without a slash is looked up in $PATH. */
function programPath(command: string): string {
  return command.includes("/") ? resolve(command) : command;
}

function addressOf({ uri, socket, hostname, vsock, port = String(defaultPort) }: Values): NbdAddress {
  if (socket !== undefined) return { target: { kind: "unix", path: socket } };
  if (hostname !== undefined) return { target: { kind: "tcp", host: hostname, port: tcpPort("port", port) } };
  if (vsock !== undefined) {
    return { target: { kind: "vsock", cid: vsock, port: parseInteger("port", port, 0, vsockPortMax) } };
  }
  return absolute(parseNbdUri(must(uri)));
}

/**
 * Makes the paths absolute: the connection is made later, when the server may have changed its working
 * directory.
 */
function absolute({ target, tls, ...rest }: NbdAddress): NbdAddress {
  const { certificates, pskFile, ...others } = tls ?? {};
  const keys = {
    ...others,
    ...(certificates !== undefined && { certificates: resolve(certificates) }),
    ...(pskFile !== undefined && { pskFile: resolve(pskFile) }),
  };
  return {
    ...rest,
    target: target.kind === "unix" ? { ...target, path: resolve(target.path) } : target,
    ...(tls !== undefined && { tls: keys }),
  };
}

function tlsModeOf(values: Values): TlsMode {
  return values.tls ?? (Object.keys(tlsOf(values)).length === 0 ? "off" : "on");
}

function tlsOf(values: Values): TlsParameters {
  const certificates = values["tls-certificates"];
  const verifyPeer = values["tls-verify"];
  const username = values["tls-username"];
  const pskFile = values["tls-psk"];
  return {
    ...(certificates !== undefined && { certificates }),
    ...(verifyPeer !== undefined && { verifyPeer }),
    ...(username !== undefined && { username }),
    ...(pskFile !== undefined && { pskFile }),
  };
}

function wrong(message: string): NbdError {
  return new NbdError("EINVAL", message);
}
