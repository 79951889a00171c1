import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { Option, OptionReply } from "../../src/protocol/constants.ts";
import { clientFlags, option, RawClient } from "./raw-client.ts";

/** A client after the greeting, still in clear. */
export async function greeted(socketPath: string): Promise<RawClient> {
  const client = await RawClient.connect(socketPath);
  await client.take(18);
  client.send(clientFlags());
  return client;
}

/** Sends STARTTLS and waits for the acknowledgement; the next message is the ClientHello. */
export async function askForTls(client: RawClient): Promise<void> {
  client.send(option(Option.starttls));
  const { type, text } = await client.optionReply();
  if (type !== OptionReply.ack) throw new Error(`STARTTLS: ${type} ${text}`);
}

/**
 * The certificates that the programs of this directory use: the authority, and the client's if there is one.
 */
export function credentials(directory: string, withCertificate = true): ConnectionOptions {
  const read = (name: string): Buffer => readFileSync(join(directory, name));
  const own = withCertificate ? { cert: read("client-cert.pem"), key: read("client-key.pem") } : {};
  return { ca: read("ca-cert.pem"), servername: "localhost", ...own };
}

/** A user's pre-shared key in Node's format. */
export function preShared(user: string, file: string): ConnectionOptions {
  const key = readKey(user, file);
  return {
    ciphers: "TLS_AES_128_GCM_SHA256:ECDHE-PSK-AES128-CBC-SHA256:PSK",
    pskCallback: () => ({ identity: user, psk: Buffer.from(key, "hex") }),
    checkServerIdentity: () => undefined,
  };
}

export function readKey(user: string, file: string): string {
  const line = readFileSync(file, "utf8")
    .split("\n")
    .find((one) => one.startsWith(`${user}:`));
  return line!.slice(user.length + 1);
}

/** Does the TLS handshake, after the acknowledgement. */
export async function encrypt(
  client: RawClient,
  options: ConnectionOptions,
): Promise<{ client: RawClient; stream: TLSSocket }> {
  client.socket.removeAllListeners("data");
  const stream = connect({ ...options, socket: client.socket });
  await once(stream, "secureConnect");
  return { client: RawClient.over(stream), stream };
}

/** A client after greeting and encryption, before any other option. */
export async function encrypted(socketPath: string, options: ConnectionOptions): Promise<RawClient> {
  const client = await greeted(socketPath);
  await askForTls(client);
  return (await encrypt(client, options)).client;
}
