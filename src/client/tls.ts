import { existsSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { messageOf, NbdError } from "../core/errors.ts";
import type { TlsClientSettings } from "../transport/tls.ts";
import { readKeyFileIfThere, readPskFile } from "../transport/tls-files.ts";
import type { Upgrade } from "../transport/upgrade.ts";
import type { NbdAddress, TlsParameters } from "./address.ts";

/**
 * Returns the TLS upgrade for an address, or undefined for an address without TLS.
 * @throws NbdError when the keys of the address cannot be used
 */
export async function clientUpgrade({ target, tls }: NbdAddress): Promise<Upgrade | undefined> {
  if (tls === undefined) return undefined;
  // Loaded only here: most connections do not use TLS, and loading the TLS modules takes time.
  const { tlsClient } = await import("../transport/tls.ts");
  const host = target.kind === "tcp" ? target.host : "localhost";
  const settings = isPsk(tls) ? pskSettings(tls) : certificateSettings(tls, tls.hostname ?? host);
  try {
    return tlsClient(settings);
  } catch (error) {
    throw new NbdError("EINVAL", `cannot use the TLS keys: ${messageOf(error)}`, { cause: error });
  }
}

/** doc/uri.md, "tls-type": certificates are the default, unless the address has a PSK file. */
function isPsk({ type, pskFile }: TlsParameters): boolean {
  if (type === "anon") {
    throw new NbdError(
      "ENOTSUP",
      "tls-type=anon is not supported, as it does not authenticate the server: use x509 or psk",
    );
  }
  return type === "psk" || (type === undefined && pskFile !== undefined);
}

function pskSettings({ pskFile, username = loginName() }: TlsParameters): TlsClientSettings {
  if (pskFile === undefined)
    throw new NbdError("EINVAL", "tls-type=psk needs the keys: add tls-psk-file=FILE");
  const key = readPskFile(pskFile).get(username);
  if (key !== undefined) return { kind: "psk", username, key };
  throw new NbdError(
    "ENOENT",
    `${pskFile} has no key for ${username}: name another user before the host, as in nbds://NAME@`,
  );
}

/** The login name of the user. In a container the user id may have no name: then LOGNAME or USER is used. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    const name = process.env.LOGNAME ?? process.env.USER;
    if (name !== undefined) return name;
    throw new NbdError("ENOENT", "this user has no name: name one before the host, as in nbds://NAME@", {
      cause: error,
      retold: true,
    });
  }
}

function certificateSettings(
  { certificates, verifyPeer = true }: TlsParameters,
  hostname: string,
): TlsClientSettings {
  const directory = certificates ?? defaultDirectory();
  const fileOf = (name: string): Buffer | undefined =>
    directory === undefined ? undefined : readKeyFileIfThere(join(directory, name));
  const [ca, crl] = [fileOf("ca-cert.pem"), fileOf("ca-crl.pem")];
  const [cert, key] = [fileOf("client-cert.pem"), fileOf("client-key.pem")];
  if (certificates !== undefined && ca === undefined) {
    throw new NbdError("ENOENT", `tls-certificates: ${certificates} has no ca-cert.pem`);
  }
  return {
    kind: "certificates",
    hostname,
    verifyPeer,
    ...(ca && { ca }),
    ...(crl && { crl }),
    ...(cert && key && { pair: { name: "client-cert.pem", cert, key } }),
  };
}

/** The directories that libnbd searches too. Without them, the system's certificate authorities are used. */
function defaultDirectory(): string | undefined {
  const ofUser = [join(homedir(), ".pki", "libnbd"), join(homedir(), ".config", "pki", "libnbd")];
  const places = process.geteuid?.() === 0 ? ["/etc/pki/libnbd"] : ofUser;
  return places.find((place) => existsSync(join(place, "ca-cert.pem")));
}
