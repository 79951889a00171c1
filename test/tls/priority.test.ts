import { once } from "node:events";
import { connect, type SecureVersion, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseTlsPriority } from "../../src/server/tls-priority.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { nbdkit, run } from "../helpers/run.ts";
import { askForTls, credentials, greeted } from "../helpers/secure-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";

describe("parseTlsPriority", () => {
  it.each([
    ["NORMAL", "TLSv1.2", "TLSv1.3"],
    ["normal:-VERS-TLS1.0:-VERS-TLS1.1:-3DES-CBC:!ARCFOUR-128", "TLSv1.2", "TLSv1.3"],
    ["NORMAL:-VERS-TLS1.2", "TLSv1.3", "TLSv1.3"],
    ["NORMAL:-VERS-TLS1.3:%SERVER_PRECEDENCE", "TLSv1.2", "TLSv1.2"],
    ["SECURE256:-VERS-ALL:+VERS-TLS1.3", "TLSv1.3", "TLSv1.3"],
    ["PFS:-VERS-TLS-ALL:+VERS-TLS1.2", "TLSv1.2", "TLSv1.2"],
    ["NONE:+VERS-TLS1.3:+AES-256-GCM:+AEAD:+GROUP-ALL:+SIGN-ALL:+COMP-NULL", "TLSv1.3", "TLSv1.3"],
  ])("%s allows %s to %s", (text, minVersion, maxVersion) => {
    expect(parseTlsPriority(text)).toMatchObject({ minVersion, maxVersion });
  });

  it("returns the names of the remaining cipher suites", () => {
    const aes = "NONE:+VERS-TLS-ALL:+ECDHE-RSA:+AES-256-GCM:+AES-128-CBC:+SHA256:+AEAD";
    const suites = parseTlsPriority(aes).ciphers.split(":");
    expect(suites.filter((name) => !name.includes("PSK"))).toEqual([
      "TLS_AES_256_GCM_SHA384",
      "ECDHE-RSA-AES256-GCM-SHA384",
      "ECDHE-RSA-AES128-SHA256",
    ]);
    expect(parseTlsPriority("PFS").ciphers.split(":")).not.toContain("AES256-GCM-SHA384");
    expect(parseTlsPriority("NORMAL").ciphers.split(":")).toContain("AES256-GCM-SHA384");
    expect(parseTlsPriority("SECURE192").ciphers).not.toMatch(/AES_?128/);
    expect(parseTlsPriority("NORMAL:-CHACHA20-POLY1305").ciphers).not.toMatch(/CHACHA/);
  });

  it.each([
    ["", '"" is not a valid first word'],
    ["@SYSTEM", '"@SYSTEM" is not a valid first word'],
    ["NORMAL:AES-256-GCM", '"AES-256-GCM": after the first word'],
    ["NORMAL:+VERS-TLS1.1", '"+VERS-TLS1.1" is not supported'],
    ["NORMAL:-GOST28147-TC26Z-CNT", '"-GOST28147-TC26Z-CNT" is not supported'],
    ["NORMAL:%UNSAFE_RENEGOTIATION", '"%UNSAFE_RENEGOTIATION": after'],
    ["NORMAL:-VERS-ALL", "no version"],
    ["NORMAL:-CIPHER-ALL", "no cipher"],
    ["NONE:+VERS-TLS1.3:+AES-256-CBC:+SHA384", "no cipher"],
  ])("refuses %s", (text, reason) => {
    expect(() => parseTlsPriority(text)).toThrow(reason);
  });
});

describe("--tls-priority", () => {
  it.each(["off", "on"])("is checked with --tls=%s, with and without keys", async (mode) => {
    const args = [`--tls=${mode}`, "--tls-priority=NORMAL:+NOTHING", "-U", "-", "null", "--run", "true"];
    expect(await run(nbdkit, args)).toEqual({
      status: 1,
      stdout: "",
      stderr: 'nbdkit: error: --tls-priority=NORMAL:+NOTHING: "+NOTHING" is not supported\n',
    });
  });
});

describeWith(certificateTools, "a server with --tls-priority", () => {
  let keys: Certificates;
  beforeAll(async () => {
    keys = await Certificates.make();
  });
  afterAll(() => keys[Symbol.dispose]());

  const start = (priority: string, ...args: string[]): Promise<ServerProcess> =>
    ServerProcess.start(["--tls=require", `--tls-priority=${priority}`, ...args, "null"]);

  /** The version that a client with these versions negotiates; undefined when the handshake fails. */
  async function agreed(socket: string, versions: readonly SecureVersion[]): Promise<string | undefined> {
    const client = await greeted(socket);
    await askForTls(client);
    client.socket.removeAllListeners("data");
    const stream: TLSSocket = connect({
      ...credentials(keys.anonymous, false),
      minVersion: versions[0]!,
      maxVersion: versions.at(-1)!,
      socket: client.socket,
    });
    try {
      await once(stream, "secureConnect");
      return `${stream.getProtocol()} ${stream.getCipher().name}`;
    } catch {
      return undefined;
    } finally {
      stream.destroy();
    }
  }

  it.each([
    ["NORMAL", /^TLSv1.2 /, /^TLSv1.3 /],
    ["NORMAL:-VERS-TLS1.2", undefined, /^TLSv1.3 /],
    ["NORMAL:-VERS-TLS1.3", /^TLSv1.2 /, undefined],
    ["NORMAL:-AES-256-GCM:-AES-128-GCM:-AES-256-CBC:-AES-128-CBC", /CHACHA20/, /CHACHA20/],
    ["NONE:+VERS-TLS1.2:+RSA:+AES-128-CBC:+SHA1", /^TLSv1.2 AES128-SHA$/, undefined],
  ])("agrees on versions and ciphers of %s", async (priority, older, newer) => {
    await using server = await start(priority, "--tls-certificates", keys.pki);
    const matches = (name: string | undefined, expected: RegExp | undefined): void => {
      if (expected === undefined) expect(name).toBeUndefined();
      else expect(name).toMatch(expected);
    };
    matches(await agreed(server.socket, ["TLSv1.2"]), older);
    matches(await agreed(server.socket, ["TLSv1.3"]), newer);
  });

  describeWith(["nbdinfo"], "and pre-shared keys", () => {
    it.each(["NORMAL", "SECURE256", "PFS:-VERS-TLS1.3", "NORMAL:-VERS-TLS1.2"])(
      "%s serves libnbd",
      async (priority) => {
        await using server = await start(priority, "--tls-psk", keys.psk);
        const uri = `nbds+unix://alice@/?socket=${server.socket}&tls-psk-file=${keys.psk}`;
        expect(await run("nbdinfo", ["--size", uri])).toMatchObject({ status: 0, stdout: "0\n" });
      },
    );
  });
});
