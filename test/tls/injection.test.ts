import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, listExports } from "../../src/client/connect.ts";
import { Magic, Option, OptionReply } from "../../src/protocol/constants.ts";
import { startTls, take } from "../../src/protocol/conversation.ts";
import { HandshakeDriver } from "../../src/protocol/handshake-driver.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { Folder } from "../helpers/folder.ts";
import { clientFlags, goData, option, RawClient } from "../helpers/raw-client.ts";
import { credentials, encrypt, greeted } from "../helpers/secure-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";

const fake = fileURLToPath(new URL("recording-plugin.mjs", import.meta.url));

describeWith(certificateTools, "bytes in clear where TLS begins", () => {
  let keys: Certificates;
  beforeAll(async () => {
    keys = await Certificates.make();
  });
  afterAll(() => keys[Symbol.dispose]());

  describe("sent to the server", () => {
    const start = (mode: string, ...args: string[]): Promise<ServerProcess> =>
      ServerProcess.start([`--tls=${mode}`, "--tls-certificates", keys.pki, fake, ...args]);

    it.each(["on", "require"])(
      "end the connection when they come with STARTTLS, and are not executed (--tls=%s)",
      async (mode) => {
        await using server = await start(mode);
        using client = await greeted(server.socket);
        client.send(option(Option.starttls), option(Option.list), option(Option.go, goData("injected")));
        await client.closed;
        const { stderr } = await server.stop();
        expect(stderr).toMatch(/in clear/);
        expect(stderr).not.toMatch(/^fake:/m);
      },
    );

    it("are not executed when all bytes, from the flags on, come at once", async () => {
      await using server = await start("on");
      using client = await RawClient.connect(server.socket);
      client.send(clientFlags(), option(Option.starttls), option(Option.list));
      await client.closed;
      expect((await server.stop()).stderr).not.toMatch(/^fake:/m);
    });

    it("are a TLS handshake error when they come after the acknowledgement", async () => {
      await using server = await start("on");
      using client = await greeted(server.socket);
      client.send(option(Option.starttls));
      expect((await client.optionReply()).type).toBe(OptionReply.ack);
      client.send(option(Option.list));
      await client.closed;
      const { stderr } = await server.stop();
      expect(stderr).toMatch(/TLS handshake failed/);
      expect(stderr).not.toMatch(/^fake:/m);
    });

    it("are not executed when they come while the plugin closes the export that was opened in clear", async () => {
      const release = `${keys.path}/release-injected`;
      await using server = await start("on", `release=${release}`);
      using client = await greeted(server.socket);
      client.send(option(Option.info, goData("")));
      while ((await client.optionReply()).type !== OptionReply.ack);
      client.send(option(Option.starttls));
      expect((await client.optionReply()).type).toBe(OptionReply.ack);
      client.send(option(Option.list));
      const broken = encrypt(client, credentials(keys.pki));
      broken.catch(() => {});
      writeFileSync(release, "");
      await expect(broken).rejects.toThrow();
      expect((await server.stop()).stderr).not.toMatch(/fake: list/);
    });
  });

  it("end a handshake whose driver received them as its own while encryption began", async () => {
    let begun = (): void => {};
    const outcome = new Promise((resolve) => {
      const talk = new HandshakeDriver(
        (function* () {
          yield* startTls();
          return yield* take(3);
        })(),
        {
          send: () => {},
          startTls: () =>
            new Promise((done) => {
              begun = done;
            }),
          done: (taken) => resolve(taken.toString()),
          failed: (error) => resolve((error as Error).message),
        },
      );
      talk.start();
      talk.receive(Buffer.from("bad"));
      begun();
    });
    expect(await outcome).toMatch(/in clear/);
  });

  describe("sent to the client", () => {
    it("end the connection when they come with the acknowledgement", async () => {
      await using liar = await Liar.start((socket) => {
        socket.write(Buffer.concat([reply(Option.starttls), reply(Option.structuredReply)]));
      });
      await expect(connect(liar.uri(keys.pki))).rejects.toThrow(/in clear/);
      await expect(listExports(liar.uri(keys.pki))).rejects.toThrow(/in clear/);
      expect(liar.received).toEqual([Option.starttls, Option.starttls]);
    });

    it("end the connection when they come after the acknowledgement", async () => {
      await using liar = await Liar.start((socket) => {
        socket.write(reply(Option.starttls));
        setImmediate(() => socket.write(reply(Option.structuredReply)));
      });
      await expect(connect(liar.uri(keys.pki))).rejects.toThrow(/in clear|TLS handshake failed/);
    });

    it.each([
      ["refuses TLS", reply(Option.starttls, OptionReply.errorPolicy)],
      ["knows no TLS", reply(Option.starttls, OptionReply.errorUnsupported)],
      ["answers with nonsense", Buffer.alloc(64, 0x20)],
    ])("do not bypass TLS: the client gives up when the server %s", async (_, answer) => {
      await using liar = await Liar.start((socket) => void socket.write(answer));
      await expect(connect(liar.uri(keys.pki))).rejects.toThrow();
      expect(liar.received).toEqual([Option.starttls]);
    });

    it("are not needed for a failure: the client fails when the server closes the connection instead", async () => {
      await using liar = await Liar.start((socket) => void socket.end(reply(Option.starttls)));
      await expect(connect(liar.uri(keys.pki))).rejects.toThrow(/TLS handshake failed|closed/);
    });
  });
});

function reply(number: number, type: number = OptionReply.ack): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeBigUInt64BE(Magic.optionReply, 0);
  bytes.writeUInt32BE(number, 8);
  bytes.writeUInt32BE(type, 12);
  return bytes;
}

/** A server that greets as NBD requires, then answers every option as a test chooses. */
class Liar implements AsyncDisposable {
  /** The options that it received in clear. */
  readonly received: number[] = [];
  readonly #folder = new Folder();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(answer: (socket: Socket) => void) {
    this.#server = createServer((socket) => void this.#serve(socket, answer));
  }

  static async start(answer: (socket: Socket) => void): Promise<Liar> {
    const liar = new Liar(answer);
    liar.#server.listen(liar.#path);
    await once(liar.#server, "listening");
    return liar;
  }

  uri(certificates: string): string {
    return `nbds+unix:///?socket=${this.#path}&tls-certificates=${certificates}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
    this.#folder[Symbol.dispose]();
  }

  get #path(): string {
    return this.#folder.join("socket");
  }

  async #serve(socket: Socket, answer: (socket: Socket) => void): Promise<void> {
    this.#sockets.add(socket);
    const peer = RawClient.over(socket);
    const greeting = Buffer.alloc(18);
    greeting.writeBigUInt64BE(Magic.init, 0);
    greeting.writeBigUInt64BE(Magic.option, 8);
    greeting.writeUInt16BE(3, 16);
    peer.send(greeting);
    try {
      await peer.take(4);
      for (;;) {
        const header = await peer.take(16);
        if (header.readBigUInt64BE(0) !== Magic.option) return;
        this.received.push(header.readUInt32BE(8));
        await peer.take(header.readUInt32BE(12));
        answer(socket);
      }
    } catch {
      // The client has disconnected.
    }
  }
}
