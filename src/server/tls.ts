import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { SessionTls } from "../connection/setup.ts";
import { fullPath } from "../contract/path.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { logText } from "../core/log-text.ts";
import type { TlsServerSettings } from "../transport/tls.ts";
import { readKeyFile, readKeyFileIfThere, readPskFile } from "../transport/tls-files.ts";
import type { Upgrade } from "../transport/upgrade.ts";
import { writeStderr } from "./stderr.ts";

/** The user's TLS options (nbdkit-tls(1)). */
export interface TlsOptions {
  /** Absent: TLS is on when certificates are found, else off. */
  readonly mode?: "off" | "on" | "require";
  /** Missing keys are an error also with mode "on". */
  readonly needsKeys?: boolean;
  readonly certificates?: string;
  /** Takes precedence over certificates. */
  readonly psk?: string;
  readonly verifyPeer: boolean;
  /** A GnuTLS priority string (`tls-priority.ts`); OpenSSL's defaults when absent. */
  readonly priority?: string;
}

/** The TLS setup of a server, made from {@link TlsOptions}. */
export interface ServerTls extends SessionTls {
  /** Absolute path of the keys, for the URI: the captive command may change its directory. */
  readonly certificates?: string;
  readonly psk?: string;
  /** The same paths as the user gave them, for the shell variables of --run. */
  readonly named?: Pick<TlsOptions, "certificates" | "psk">;
}

export const rootCertificatesDirectory = "/etc/pki/nbdkit";

/**
 * Loads the keys. Without keys TLS is off, with a warning for mode "on" and an error for mode "require" or
 * `needsKeys`.
 * @throws NbdError when a named file cannot be read or is invalid
 */
export async function prepareTls(
  options: TlsOptions,
  log: Log,
  debugFlags: ReadonlyMap<string, number> = new Map(),
): Promise<ServerTls> {
  const isOn = (flag: string): boolean => log.verbose && (debugFlags.get(`nbdkit.tls.${flag}`) ?? 0) > 0;
  const common = { ...(await readPriority(options.priority)), trace: isOn("log") };
  const logsSessions = isOn("session");
  if (options.mode === "off") return { mode: "off" };
  const mode = options.mode ?? "on";
  if (options.psk !== undefined) {
    const psk = fullPath(options.psk);
    const settings: TlsServerSettings = { ...common, kind: "psk", keys: readPskFile(psk) };
    const upgrade = await makeUpgrade(settings, psk);
    log.debug("TLS enabled using: Pre-Shared Keys (PSK)");
    return { mode, logsSessions, psk, named: { psk: options.psk }, upgrade };
  }
  const directory = findCertificates(options.certificates);
  if (directory !== undefined) {
    const settings = { ...common, ...readCertificates(directory, options.verifyPeer, log) };
    const named = { certificates: options.certificates ?? directory };
    const upgrade = await makeUpgrade(settings, directory);
    log.debug(`successfully loaded TLS certificates from ${directory}`);
    log.debug("TLS enabled using: X.509 certificates");
    return { mode, logsSessions, certificates: directory, named, upgrade };
  }
  const reason = `could not load TLS certificates: ${options.certificates === undefined ? "none in the default directories" : `none in ${options.certificates}`}`;
  const advice = "try --tls-certificates=/path/to/certificates or --tls-psk=/path/to/keys";
  if (mode === "require" || options.needsKeys === true)
    throw new NbdError("ENOENT", `--tls=require but ${reason}: ${advice}`);
  if (options.mode === "on") {
    const warning = `--tls=on but ${reason}; TLS is disabled: ${advice}`;
    writeStderr(`${logText(`nbdkit: warning: ${warning}`)}\n`);
  } else if (log.verbose) log.debug(`TLS disabled: ${reason}`);
  return { mode: "off" };
}

async function readPriority(text: string | undefined): Promise<Pick<TlsServerSettings, "algorithms">> {
  if (text === undefined) return {};
  const { parseTlsPriority } = await import("./tls-priority.ts");
  return { algorithms: parseTlsPriority(text) };
}

/** Imports the TLS code only when needed: most servers use no TLS, and loading it takes time. */
async function makeUpgrade(settings: TlsServerSettings, source: string): Promise<Upgrade> {
  const { tlsServer } = await import("../transport/tls.ts");
  try {
    return tlsServer(settings);
  } catch (error) {
    throw new NbdError("EINVAL", `cannot use the TLS keys in ${source}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * nbdkit-tls(1), "Default TLS behaviour": root uses a system directory, every other user a directory in their
 * home.
 */
function findCertificates(named: string | undefined): string | undefined {
  const ofUser = [join(homedir(), ".pki", "nbdkit"), join(homedir(), ".config", "pki", "nbdkit")];
  const defaults = process.geteuid?.() === 0 ? [rootCertificatesDirectory] : ofUser;
  const places = named === undefined ? defaults : [fullPath(named)];
  return places.find((place) => existsSync(join(place, "server-cert.pem")));
}

function readCertificates(directory: string, verifyPeer: boolean, log: Log): TlsServerSettings {
  const pairs = certificateNames(directory).map((suffix) => ({
    name: `server-cert${suffix}.pem`,
    cert: readKeyFile(join(directory, `server-cert${suffix}.pem`)),
    key: readKeyFile(join(directory, `server-key${suffix}.pem`)),
  }));
  const ca = readAuthority(join(directory, "ca-cert.pem"), verifyPeer, log);
  const crl = readKeyFileIfThere(join(directory, "ca-crl.pem"));
  if (verifyPeer && ca === undefined) {
    throw new NbdError(
      "ENOENT",
      `--tls-verify-peer needs the authority of the clients: ${directory}/ca-cert.pem`,
    );
  }
  return { kind: "certificates", pairs, verifyPeer, ...(ca ? { ca } : {}), ...(crl ? { crl } : {}) };
}

/** Without --tls-verify-peer the authority is optional, so a file that holds no certificate is ignored. */
function readAuthority(path: string, verifyPeer: boolean, log: Log): Buffer | undefined {
  const ca = readKeyFileIfThere(path);
  if (ca === undefined || verifyPeer || ca.includes("-----BEGIN ")) return ca;
  log.debug(`ignoring ${path}: it holds no certificate, and clients need not be verified`);
  return undefined;
}

/**
 * Suffixes of the certificate pairs. nbdkit 1.46 added numbered pairs: server-cert-1.pem,
 * server-cert-2.pem...
 */
function certificateNames(directory: string): readonly string[] {
  const names = [""];
  for (let n = 0; n < 10; n++) {
    if (existsSync(join(directory, `server-cert-${n}.pem`))) names.push(`-${n}`);
  }
  return names;
}
