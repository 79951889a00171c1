import { generateKeyPairSync, randomBytes } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Folder } from "./folder.ts";
import { succeed } from "./run.ts";

/** The programs that {@link Certificates} needs. */
export const certificateTools: string[] = ["certtool"];

/** The distinguished names of the certificates as RFC 4514 writes them. */
export const clientDn = "CN=client.example,OU=two\\, with a comma,O=nbdkit-node,C=GB";
export const authorityDn = "CN=test authority,O=nbdkit-node";

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/**
 * Keys of all kinds in directories as nbdkit and libnbd expect them, created once for a test file. The names
 * in the certificates are those of this machine: localhost, 127.0.0.1 and ::1.
 */
export class Certificates implements Disposable {
  readonly #folder = new Folder();
  readonly path: string = this.#folder.path;
  /** The certificates of the authority, of a server (RSA) and of a client, for both sides. */
  readonly pki: string = this.#directory("pki");
  /** The same without a client certificate. */
  readonly anonymous: string = this.#directory("anonymous");
  /** A server with two key pairs: RSA, and ECDSA as number 1. */
  readonly twoKinds: string = this.#directory("two-kinds");
  /** A server with a list of revoked certificates, which contains that of `revoked`. */
  readonly withCrl: string = this.#directory("with-crl");
  /** A client whose certificate has been revoked. */
  readonly revoked: string = this.#directory("revoked");
  /**
   * A client that trusts the server; its own certificate is from an authority that the server does not trust.
   */
  readonly stranger: string = this.#directory("stranger");
  /** Certificates from an authority that no other side trusts. */
  readonly elsewhere: string = this.#directory("elsewhere");
  /** A server and a client whose certificates name another host. */
  readonly otherHost: string = this.#directory("other-host");
  /** Pre-shared keys of alice and bob, as psktool writes them. */
  readonly psk: string = join(this.#directory("psk"), "keys.psk");
  /** The same users with other keys. */
  readonly wrongPsk: string = join(this.#directory("wrong-psk"), "keys.psk");

  static async make(): Promise<Certificates> {
    const made = new Certificates();
    try {
      await made.#makeAll();
      return made;
    } catch (error) {
      made[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }

  /** Creates an empty directory beside the others. */
  directory(name: string): string {
    return this.#directory(name);
  }

  #directory(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path);
    return path;
  }

  async #makeAll(): Promise<void> {
    const [ours, theirs] = await Promise.all([
      this.#authority("ca", "test authority"),
      this.#authority("their-ca", "another authority"),
    ]);
    const [server, ecdsa, client, revoked, stranger, theirServer, otherHost] = await Promise.all([
      this.#issue(ours, "server", serverTemplate, "rsa"),
      this.#issue(ours, "ecdsa", serverTemplate),
      this.#issue(ours, "client", clientTemplate),
      this.#issue(ours, "revoked", clientTemplate),
      this.#issue(theirs, "stranger", clientTemplate),
      this.#issue(theirs, "their-server", serverTemplate),
      this.#issue(
        ours,
        "other-host",
        'cn = "elsewhere.example"\ndns_name = "elsewhere.example"\ntls_www_server\n',
      ),
    ]);
    install(this.pki, ours, { server, client });
    install(this.anonymous, ours, { server });
    install(this.twoKinds, ours, { server });
    copyPair(ecdsa, this.twoKinds, "server", "-1");
    install(this.withCrl, ours, { server, client });
    await this.#revoke(ours, revoked, join(this.withCrl, "ca-crl.pem"));
    install(this.revoked, ours, { client: revoked });
    install(this.stranger, ours, { client: stranger });
    install(this.elsewhere, theirs, { server: theirServer, client: stranger });
    install(this.otherHost, ours, { server: otherHost, client });
    writeFileSync(this.psk, pskLines(), { mode: 0o600 });
    writeFileSync(this.wrongPsk, pskLines(), { mode: 0o600 });
  }

  #authority(name: string, cn: string): Promise<Pair> {
    const template = `cn = "${cn}"\norganization = "nbdkit-node"\nca\ncert_signing_key\ncrl_signing_key\n`;
    return this.#certify(name, template, "ecdsa", (key) => ["--generate-self-signed", "--load-privkey", key]);
  }

  #issue(by: Pair, name: string, template: string, kind: "rsa" | "ecdsa" = "ecdsa"): Promise<Pair> {
    return this.#certify(name, template, kind, (key) => [
      ...["--generate-certificate", "--load-privkey", key],
      ...["--load-ca-certificate", by.cert, "--load-ca-privkey", by.key],
    ]);
  }

  async #certify(
    name: string,
    template: string,
    kind: "rsa" | "ecdsa",
    args: (key: string) => string[],
  ): Promise<Pair> {
    const [cert, key, info] = [`${name}-cert.pem`, `${name}-key.pem`, `${name}.info`].map((file) =>
      join(this.path, file),
    ) as [string, string, string];
    writeFileSync(key, privateKey(kind), { mode: 0o600 });
    writeFileSync(info, `${template}expiration_days = 3650\nsigning_key\nencryption_key\n`);
    await succeed("certtool", [...args(key), "--template", info, "--outfile", cert]);
    return { cert, key };
  }

  async #revoke(by: Pair, pair: Pair, crl: string): Promise<void> {
    const info = join(this.path, "crl.info");
    writeFileSync(info, "crl_next_update = 3650\ncrl_number = 1\n");
    const authority = ["--load-ca-certificate", by.cert, "--load-ca-privkey", by.key];
    const args = ["--generate-crl", ...authority, "--load-certificate", pair.cert, "--template", info];
    await succeed("certtool", [...args, "--outfile", crl]);
  }
}

const serverTemplate = `cn = "localhost"
organization = "nbdkit-node"
dns_name = "localhost"
ip_address = "127.0.0.1"
ip_address = "::1"
tls_www_server
`;

const clientTemplate = `cn = "client.example"
unit = "two, with a comma"
organization = "nbdkit-node"
country = GB
tls_www_client
`;

function privateKey(kind: "rsa" | "ecdsa"): string {
  const { privateKey } =
    kind === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

function install(directory: string, authority: Pair, pairs: { server?: Pair; client?: Pair }): void {
  copyFileSync(authority.cert, join(directory, "ca-cert.pem"));
  for (const [name, pair] of Object.entries(pairs)) copyPair(pair, directory, name, "");
}

function copyPair({ cert, key }: Pair, directory: string, name: string, suffix: string): void {
  copyFileSync(cert, join(directory, `${name}-cert${suffix}.pem`));
  const copy = join(directory, `${name}-key${suffix}.pem`);
  copyFileSync(key, copy);
  chmodSync(copy, 0o600);
}

function pskLines(): string {
  return ["alice", "bob"].map((user) => `${user}:${randomBytes(32).toString("hex")}\n`).join("");
}
