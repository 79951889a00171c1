import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import { clientUpgrade } from "../../../src/client/tls.ts";
import { prepareTls } from "../../../src/server/tls.ts";
import { readPskFile } from "../../../src/transport/tls-files.ts";
import type { Upgrade } from "../../../src/transport/upgrade.ts";
import { Certificates } from "../../helpers/certificates.ts";
import type { TlsPlan } from "./plan.ts";

type Chosen = Pick<TlsPlan, "keys" | "verifyPeer" | "version">;

/** The keys of client and server, made once for a run. */
export class FuzzKeys implements Disposable {
  /** Secrets that no log may contain, in all forms in which they could be logged. */
  readonly secrets: readonly string[];
  readonly #made: Certificates;

  private constructor(made: Certificates) {
    this.#made = made;
    const psk = [...readPskFile(made.psk).values()];
    const pem = readFileSync(join(made.pki, "server-key.pem"), "utf8").split("\n");
    this.secrets = [
      ...psk.flatMap((key) => [key.toString("hex"), key.toString("base64"), key.toString("latin1")]),
      ...pem.filter((line) => line !== "" && !line.startsWith("-----")),
    ];
  }

  /** Makes the keys. It needs certtool. */
  static async make(): Promise<FuzzKeys> {
    return new FuzzKeys(await Certificates.make());
  }

  [Symbol.dispose](): void {
    this.#made[Symbol.dispose]();
  }

  /** Makes the upgrade of the server under test from its command-line options. */
  async server({ keys, verifyPeer }: Chosen): Promise<Upgrade> {
    const psk = keys === "psk" || keys === "wrong-psk";
    const log = { verbose: false, debug: () => {}, error: () => {} };
    const source = psk ? { psk: this.#made.psk } : { certificates: this.#made.pki };
    return (await prepareTls({ mode: "require", verifyPeer, ...source }, log)).upgrade!;
  }

  /** Makes the upgrade of the client under test from a URI. */
  async client({ keys }: Chosen): Promise<Upgrade> {
    const tls = keys.includes("psk")
      ? ({ type: "psk", pskFile: this.#made.psk, username: "alice" } as const)
      : ({ type: "x509", certificates: this.#made.pki } as const);
    return (await clientUpgrade({ target: { kind: "unix", path: "memory" }, tls }))!;
  }

  /** Returns the options of a plain Node.js client, which the server under test is connected to. */
  peerClient({ keys, version }: Chosen): ConnectionOptions {
    const versions = { minVersion: version, maxVersion: version, rejectUnauthorized: false } as const;
    if (keys.includes("psk")) {
      const file = keys === "wrong-psk" ? this.#made.wrongPsk : this.#made.psk;
      const psk = readPskFile(file).get("bob")!;
      const identity = keys === "psk-and-x509" ? "no such user" : "bob";
      const ciphers = "TLS_AES_128_GCM_SHA256:PSK+HIGH:kECDHEPSK+HIGH:HIGH";
      return {
        ...versions,
        ciphers,
        pskCallback: () => ({ psk, identity }),
        checkServerIdentity: () => undefined,
      };
    }
    const directory = keys === "stranger" ? this.#made.stranger : this.#made.pki;
    const read = (name: string): Buffer => readFileSync(join(directory, name));
    const own = keys === "anonymous" ? {} : { cert: read("client-cert.pem"), key: read("client-key.pem") };
    return { ...versions, ca: read("ca-cert.pem"), servername: "localhost", ...own };
  }

  /** Makes the server that the client under test is connected to. It may have wrong keys. */
  async peerServer({ keys, verifyPeer, version }: Chosen): Promise<Upgrade> {
    const directories: Partial<Record<TlsPlan["keys"], string>> = {
      stranger: this.#made.elsewhere,
      "psk-and-x509": this.#made.pki,
      anonymous: this.#made.otherHost,
    };
    const log = { verbose: false, debug: () => {}, error: () => {} };
    const source =
      keys === "psk" || keys === "wrong-psk"
        ? { psk: keys === "psk" ? this.#made.psk : this.#made.wrongPsk }
        : { certificates: directories[keys] ?? this.#made.pki };
    const priority = version === "TLSv1.2" ? { priority: "NORMAL:-VERS-TLS1.3" } : {};
    return (await prepareTls({ mode: "require", verifyPeer, ...source, ...priority }, log)).upgrade!;
  }
}
