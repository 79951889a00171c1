import { once } from "node:events";
import { createConnection, type Socket, type TcpNetConnectOpts } from "node:net";
import { Command, HandshakeFlag, Magic, Option, OptionReply } from "../../src/protocol/constants.ts";
import { writeRequestHeader } from "../../src/protocol/request-header.ts";

/** A client that sends the bytes that a test passes, and nothing else. */
export class RawClient {
  readonly socket: Socket;
  /** Settles when the server has closed the connection. */
  readonly closed: Promise<void>;
  #received: Buffer = Buffer.alloc(0);
  #over = false;
  #arrived: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#arrived();
    });
    // A server that closes the connection before it has read everything resets the connection.
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      const over = (): void => {
        this.#over = true;
        this.#arrived();
        resolve();
      };
      socket.once("end", over);
      socket.once("close", over);
    });
  }

  static async connect(address: string | TcpNetConnectOpts): Promise<RawClient> {
    const target = typeof address === "string" ? { path: address } : address;
    const socket = createConnection({ ...target, allowHalfOpen: true });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** Uses a socket that is already connected, possibly an encrypted one. */
  static over(socket: Socket): RawClient {
    return new RawClient(socket);
  }

  /** Connects and completes the handshake. */
  static async ready(address: string | TcpNetConnectOpts, exportName = ""): Promise<RawClient> {
    const client = await RawClient.connect(address);
    await client.take(18);
    client.send(clientFlags());
    await client.go(exportName);
    return client;
  }

  send(...bytes: Buffer[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** Returns the next bytes of the server. */
  async take(length: number): Promise<Buffer> {
    while (this.#received.length < length) {
      if (this.#over) throw new Error(`the server closed after ${this.#received.length} of ${length} bytes`);
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }

  /** Returns the next reply to an option. */
  async optionReply(): Promise<{ type: number; text: string }> {
    const header = await this.take(20);
    const data = await this.take(header.readUInt32BE(16));
    return { type: header.readUInt32BE(12), text: data.toString() };
  }

  async go(exportName: string): Promise<void> {
    this.send(option(Option.go, goData(exportName)));
    for (;;) {
      const { type, text } = await this.optionReply();
      if (type === OptionReply.ack) return;
      if (type >= 0x80000000) throw new Error(text);
    }
  }

  /** Returns the error number of the next simple reply. */
  async simpleReply(): Promise<number> {
    return (await this.take(16)).readUInt32BE(4);
  }

  /** Reads one sector as a normal client does; fails when the server does not answer correctly. */
  async readSector(offset = 0n): Promise<Buffer> {
    this.send(request({ command: Command.read, offset, length: 512 }));
    const error = await this.simpleReply();
    if (error !== 0) throw new Error(`read: error ${error}`);
    return this.take(512);
  }

  destroy(): void {
    this.socket.destroy();
  }

  [Symbol.dispose](): void {
    this.destroy();
  }
}

export function clientFlags(flags: number = HandshakeFlag.fixedNewstyle | HandshakeFlag.noZeroes): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(flags);
  return bytes;
}

/** Builds an option. The length in its header may be wrong. */
export function option(number: number, data: Buffer = Buffer.alloc(0), length: number = data.length): Buffer {
  const header = Buffer.alloc(16);
  header.writeBigUInt64BE(Magic.option, 0);
  header.writeUInt32BE(number, 8);
  header.writeUInt32BE(length, 12);
  return Buffer.concat([header, data]);
}

/** Returns the data of INFO and GO without information requests. */
export function goData(exportName: string | Buffer): Buffer {
  const name = Buffer.from(exportName as string);
  const data = Buffer.alloc(4 + name.length + 2);
  data.writeUInt32BE(name.length, 0);
  name.copy(data, 4);
  return data;
}

export function request(fields: {
  readonly command: number;
  readonly flags?: number;
  readonly cookie?: bigint;
  readonly offset?: bigint;
  readonly length?: number;
}): Buffer {
  const { command, flags = 0, cookie = 1n, offset = 0n, length = 0 } = fields;
  return writeRequestHeader({ command, flags, cookie, offset, length: BigInt(length) }, false);
}
