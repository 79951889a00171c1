import { createServer, type Server, type Socket } from "node:net";
import type { ReplyForm } from "../../src/protocol/chunk.ts";
import { baseAllocation, TransmissionFlag } from "../../src/protocol/constants.ts";
import type { ExportInfo } from "../../src/protocol/export-info.ts";
import { HandshakeDriver } from "../../src/protocol/handshake-driver.ts";
import type { Request } from "../../src/protocol/request.ts";
import { RequestParser } from "../../src/protocol/request-parser.ts";
import { serverHandshake } from "../../src/protocol/server/handshake.ts";
import { Folder } from "./folder.ts";

export interface Conversant {
  readonly form: ReplyForm;
  readonly socket: Socket;
  reply(bytes: Buffer): void;
}

/** Replies to a request; the test decides how, also with wrong replies. */
export type Answer = (request: Request, to: Conversant) => void;

const everything: number =
  TransmissionFlag.sendFlush |
  TransmissionFlag.sendFua |
  TransmissionFlag.sendTrim |
  TransmissionFlag.sendWriteZeroes |
  TransmissionFlag.sendFastZero |
  TransmissionFlag.sendCache;

/** A server on a Unix socket with a correct handshake and replies that the test decides. */
export class FakeServer {
  readonly uri: string;
  /** All requests that the server has received. */
  readonly requests: Request[] = [];
  readonly #folder = new Folder();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    this.uri = `nbd+unix:///?socket=${this.#folder.join("socket")}`;
  }

  static async start(answer: Answer, info: Partial<ExportInfo> = {}, structured = true): Promise<FakeServer> {
    const server = createServer((socket) => fake.#serve(socket, answer, info, structured));
    const fake = new FakeServer(server);
    await new Promise<void>((resolve) => {
      server.listen(fake.#folder.join("socket"), resolve);
    });
    return fake;
  }

  /** Starts a server that sends only these bytes to each client. */
  static async greeting(bytes: Buffer): Promise<FakeServer> {
    const fake = await FakeServer.start(() => {});
    fake.#server.removeAllListeners("connection");
    fake.#server.on("connection", (socket) => {
      fake.#keep(socket);
      socket.write(bytes);
    });
    return fake;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
    this.#folder[Symbol.dispose]();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
  }

  #serve(socket: Socket, answer: Answer, info: Partial<ExportInfo>, structured: boolean): void {
    this.#keep(socket);
    const host = {
      tls: "off",
      offers: {
        flagsMask: 3,
        structuredReplies: structured,
        extendedHeaders: structured,
        metaContexts: true,
      },
      listExports: () => [],
      open: () => ({
        size: 65_536n,
        flags: everything,
        contexts: [{ id: 1, name: baseAllocation }],
        ...info,
      }),
      debug: () => {},
    } as const;
    let parser: RequestParser | undefined;
    let form: ReplyForm = "simple";
    const pump = (bytes: Buffer): void => {
      parser!.push(bytes);
      while (parser!.peek()) {
        const request = parser!.take();
        this.requests.push(request);
        if (request.kind === "disconnect") socket.end();
        else answer(request, { form, socket, reply: (reply) => socket.write(reply) });
      }
    };
    const driver = new HandshakeDriver(serverHandshake(host), {
      send: (bytes) => socket.write(bytes),
      startTls: async () => {},
      failed: () => socket.destroy(),
      done: (negotiated, rest) => {
        if (negotiated === undefined) return void socket.end();
        form = negotiated.replyForm;
        parser = new RequestParser(form === "extended");
        pump(rest);
      },
    });
    socket.on("data", (bytes: Buffer) => (parser === undefined ? driver.receive(bytes) : pump(bytes)));
    driver.start();
  }
}
