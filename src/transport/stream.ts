import { Duplex, type Readable, type Writable } from "node:stream";
import { asError } from "../core/errors.ts";
import { PeerWatch } from "./peer-watch.ts";
import { type ByteSink, StreamSendQueue } from "./stream-send-queue.ts";
import type { Receiver, Transport, TransportPeer } from "./transport.ts";
import type { Upgrade } from "./upgrade.ts";

/** A transport over Node streams: one duplex (a socket), or two halves (standard input and output). */
export class StreamTransport implements Transport, ByteSink {
  readonly sendQueue: StreamSendQueue = new StreamSendQueue(this);
  #peer: TransportPeer;
  #input: Readable;
  #output: Writable;
  readonly #socket: number | undefined;
  #peerWatch: PeerWatch | undefined;
  /** Undefined while TLS is being started on this stream. */
  #detach: (() => void) | undefined;
  #receiver: Receiver | undefined;
  #peerLeaving = false;
  #error: Error | undefined;
  #over = false;
  readonly #taken = (): void => this.#receiver?.taken?.();

  /**
   * @param socket the descriptor of the stream; when present, a disconnect of the peer is reported also while
   * reading is paused
   */
  constructor(input: Readable, output: Writable, peer: TransportPeer, socket?: number) {
    this.#input = input;
    this.#output = output;
    this.#peer = peer;
    this.#socket = socket;
  }

  get peer(): TransportPeer {
    return this.#peer;
  }

  deliverTo(receiver: Receiver): void {
    const isFirst = this.#receiver === undefined;
    this.#receiver = receiver;
    if (!isFirst) return;
    this.#attach();
    if (this.#socket === undefined) return;
    this.#peerWatch = new PeerWatch(this.#socket, {
      ended: () => this.#peerLeaves(),
      hungUp: () => this.destroy(),
    });
  }

  async startTls(upgrade: Upgrade): Promise<this> {
    this.#detach?.();
    this.#detach = undefined;
    const plain = this.#duplex();
    // The TLS stream reports the errors of this stream. Without a listener, an error would end the process.
    plain.on("error", () => {});
    try {
      const { stream, peer } = await upgrade(plain);
      // The connection may be lost before the listeners below are added, and then no event reports it.
      if (stream.destroyed) throw stream.errored ?? new Error("the connection was lost");
      this.#peer = { ...this.#peer, tls: peer };
      this.#input = stream;
      this.#output = stream;
    } catch (error) {
      this.destroy();
      this.#receiver?.closed(asError(error));
      throw error;
    }
    this.#attach();
    if (this.#over) this.destroy();
    // The peer may have ended the stream right behind its handshake: no event reports that any more.
    else if (this.#input.readableEnded) setImmediate(() => this.#receiver?.ended());
    return this;
  }

  get backlogBytes(): number {
    return this.#output.writableLength;
  }

  write(bytes: Buffer): void {
    if (!this.#over) this.#output.write(bytes, this.#taken);
  }

  pause(): void {
    if (!this.#peerLeaving) this.#input.pause();
  }

  resume(): void {
    this.#input.resume();
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    // Bytes from the peer are not needed any more, but unread bytes would keep the socket open.
    this.#output.end(() => this.destroy());
  }

  destroy(): void {
    this.#over = true;
    this.#peerWatch?.close();
    for (const stream of this.#halves()) stream.destroy();
  }

  #attach(): void {
    const [input, output] = [this.#input, this.#output];
    let open = this.#halves().length;
    const data = (bytes: Buffer): void => this.#receiver?.received(bytes);
    const end = (): void => {
      this.#peerWatch?.ended();
      this.#receiver?.ended();
    };
    const drain = (): void => this.#receiver?.drained();
    const error = (reason: Error): void => this.#failed(reason);
    const close = (): void => {
      if (--open > 0) return;
      this.#peerWatch?.close();
      this.#receiver?.closed(this.#error);
    };
    input.on("data", data).on("end", end);
    output.on("drain", drain);
    for (const stream of this.#halves()) stream.on("error", error).on("close", close);
    this.#detach = () => {
      input.off("data", data).off("end", end);
      output.off("drain", drain);
      for (const stream of this.#halves()) stream.off("error", error).off("close", close);
    };
  }

  /**
   * After EOF of the peer, read everything that the kernel holds: the amount is bounded, and it shows how the
   * peer disconnected.
   */
  #peerLeaves(): void {
    this.#peerLeaving = true;
    if (this.#detach !== undefined) this.#input.resume();
  }

  #failed(error: Error): void {
    this.#error ??= error;
    this.destroy();
  }

  #duplex(): Duplex {
    // The stdin stream of Node may be a duplex even when it is a pipe. Only a stream that is both halves is
    // used as a duplex.
    if (this.#input instanceof Duplex && this.#isOneStream()) return this.#input;
    return Duplex.from({ readable: this.#input, writable: this.#output });
  }

  #halves(): (Readable | Writable)[] {
    return this.#isOneStream() ? [this.#input] : [this.#input, this.#output];
  }

  #isOneStream(): boolean {
    return Object.is(this.#input, this.#output);
  }
}
