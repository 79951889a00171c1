import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Command, Option, OptionReply } from "../../src/protocol/constants.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { goData, option, type RawClient, request } from "../helpers/raw-client.ts";
import { askForTls, credentials, encrypt, encrypted, greeted } from "../helpers/secure-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";

const fake = fileURLToPath(new URL("recording-plugin.mjs", import.meta.url));

/** Data that each of these options would accept. */
const wellFormed: Readonly<Record<number, Buffer>> = {
  [Option.info]: goData(""),
  [Option.go]: goData(""),
  [Option.listMetaContext]: metaContextData("base:allocation"),
  [Option.setMetaContext]: metaContextData("base:allocation"),
};

function metaContextData(query: string): Buffer {
  const bytes = Buffer.alloc(4 + 4 + 4 + query.length);
  bytes.writeUInt32BE(1, 4);
  bytes.writeUInt32BE(query.length, 8);
  bytes.write(query, 12);
  return bytes;
}

describeWith(certificateTools, "the order of the handshake", () => {
  let keys: Certificates;
  beforeAll(async () => {
    keys = await Certificates.make();
  });
  afterAll(() => keys[Symbol.dispose]());

  const start = (mode: string, ...args: string[]): Promise<ServerProcess> =>
    ServerProcess.start([`--tls=${mode}`, "--tls-certificates", keys.pki, fake, ...args]);

  async function ask(client: RawClient, number: number, data = wellFormed[number]): Promise<number> {
    client.send(option(number, data));
    for (;;) {
      const { type } = await client.optionReply();
      if (type !== OptionReply.info && type !== OptionReply.metaContext && type !== OptionReply.server)
        return type;
    }
  }

  it("refuses every option before STARTTLS when TLS is required, and reveals nothing about the exports", async () => {
    await using server = await start("require");
    using client = await greeted(server.socket);
    const others = Array.from({ length: 14 }, (_, number) => number).filter(
      (number) => number !== Option.exportName && number !== Option.abort && number !== Option.starttls,
    );
    for (const number of [...others, 0xffffffff]) {
      client.send(option(number, wellFormed[number]));
      const { type, text } = await client.optionReply();
      expect({ number, type }).toEqual({ number, type: OptionReply.errorTlsRequired });
      expect(text).not.toMatch(/secret/);
    }
    expect(server.said).not.toMatch(/^fake:/m);
    // The client may still start TLS.
    await askForTls(client);
    const { client: secure } = await encrypt(client, credentials(keys.pki));
    secure.send(option(Option.list));
    expect(await secure.optionReply()).toEqual({
      type: OptionReply.server,
      text: "\0\0\0\x0bsecret-namesecret-description",
    });
  });

  it("disconnects a client that chooses an export by EXPORT_NAME before TLS when TLS is required", async () => {
    await using server = await start("require");
    using client = await greeted(server.socket);
    client.send(option(Option.exportName, Buffer.from("secret-name")));
    await client.closed;
    await expect(client.take(1)).rejects.toThrow("after 0 of 1 bytes");
    expect((await server.stop()).stderr).not.toMatch(/^fake:/m);
  });

  it("accepts NBD_OPT_ABORT before TLS", async () => {
    await using server = await start("require");
    using client = await greeted(server.socket);
    client.send(option(Option.abort));
    expect((await client.optionReply()).type).toBe(OptionReply.ack);
    await client.closed;
  });

  it.each([
    ["on", false],
    ["require", false],
    ["on", true],
    ["require", true],
  ] as const)("refuses STARTTLS with data as invalid (--tls=%s, encrypted: %s)", async (mode, already) => {
    await using server = await start(mode);
    using client = already
      ? await encrypted(server.socket, credentials(keys.pki))
      : await greeted(server.socket);
    expect(await ask(client, Option.starttls, Buffer.from("x"))).toBe(OptionReply.errorInvalid);
  });

  it.each(["on", "require"])(
    "refuses a second STARTTLS as invalid, and continues (--tls=%s)",
    async (mode) => {
      await using server = await start(mode);
      using client = await encrypted(server.socket, credentials(keys.pki));
      expect(await ask(client, Option.starttls)).toBe(OptionReply.errorInvalid);
      await client.go("");
      expect(await client.readSector()).toEqual(Buffer.alloc(512, 7));
    },
  );

  it("refuses STARTTLS by policy when TLS is off, and continues", async () => {
    await using server = await ServerProcess.start(["--tls=off", "--tls-certificates", keys.pki, fake]);
    using client = await greeted(server.socket);
    expect(await ask(client, Option.starttls)).toBe(OptionReply.errorPolicy);
    await client.go("");
    expect(await client.readSector()).toEqual(Buffer.alloc(512, 7));
  });

  it("discards structured replies that were negotiated in clear", async () => {
    await using server = await start("on");
    using client = await greeted(server.socket);
    expect(await ask(client, Option.structuredReply)).toBe(OptionReply.ack);
    await askForTls(client);
    const { client: secure } = await encrypt(client, credentials(keys.pki));
    // Metadata contexts need structured replies; and the server answers a read by a simple reply.
    expect(await ask(secure, Option.setMetaContext)).toBe(OptionReply.errorInvalid);
    await secure.go("");
    secure.send(request({ command: Command.read, length: 512 }));
    expect((await secure.take(16)).readUInt32BE(0)).toBe(0x67446698);
  });

  it("discards extended headers that were negotiated in clear", async () => {
    await using server = await start("on");
    using client = await greeted(server.socket);
    expect(await ask(client, Option.extendedHeaders)).toBe(OptionReply.ack);
    await askForTls(client);
    const { client: secure } = await encrypt(client, credentials(keys.pki));
    await secure.go("");
    expect(await secure.readSector()).toEqual(Buffer.alloc(512, 7));
  });

  it("discards metadata contexts that were chosen in clear", async () => {
    await using server = await start("on");
    using client = await greeted(server.socket);
    expect(await ask(client, Option.structuredReply)).toBe(OptionReply.ack);
    expect(await ask(client, Option.setMetaContext)).toBe(OptionReply.ack);
    await askForTls(client);
    const { client: secure } = await encrypt(client, credentials(keys.pki));
    expect(await ask(secure, Option.structuredReply)).toBe(OptionReply.ack);
    await secure.go("");
    secure.send(request({ command: Command.blockStatus, length: 512 }));
    const header = await secure.take(20);
    // An error chunk with the number of EINVAL.
    expect(header.readUInt16BE(6)).toBe(32769);
    expect((await secure.take(header.readUInt32BE(16))).readUInt32BE(0)).toBe(22);
  });

  it("opens an export again for the client after encryption", async () => {
    await using server = await start("on");
    using client = await greeted(server.socket);
    expect(await ask(client, Option.info)).toBe(OptionReply.ack);
    await askForTls(client);
    const { client: secure } = await encrypt(client, credentials(keys.pki, false));
    await secure.go("");
    await until("three errors", () => server.said.split("\n").length > 3);
    expect(server.said.split("\n").slice(0, 3)).toEqual([
      'fake: open {"exportName":"","tls":false}',
      'fake: close {"exportName":"","tls":false}',
      'fake: open {"exportName":"","tls":true}',
    ]);
  });

  it("delays the TLS handshake until a slow plugin has closed the export that was opened in clear", async () => {
    const release = `${keys.path}/release-slow`;
    await using server = await start("on", `release=${release}`);
    using client = await greeted(server.socket);
    expect(await ask(client, Option.info)).toBe(OptionReply.ack);
    await askForTls(client);
    const handshake = encrypt(client, credentials(keys.pki));
    writeFileSync(release, "");
    const { client: secure } = await handshake;
    await secure.go("");
    expect(await secure.readSector()).toEqual(Buffer.alloc(512, 7));
  });
});
