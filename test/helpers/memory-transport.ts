import { StreamTransport } from "../../src/transport/stream.ts";
import { type ByteSink, StreamSendQueue } from "../../src/transport/stream-send-queue.ts";
import type { Receiver, Transport, TransportPeer } from "../../src/transport/transport.ts";
import { TransportStream } from "../../src/transport/transport-stream.ts";
import type { Upgrade } from "../../src/transport/upgrade.ts";

/**
 * One end of a connection in memory. The test decides which bytes arrive and when, and takes the sent bytes.
 * The implementation uses all the freedom of the interface, such as delivering bytes from within `resume`.
 */
export class MemoryTransport implements Transport, ByteSink {
  readonly sendQueue: StreamSendQueue = new StreamSendQueue(this);
  readonly peer: TransportPeer = { family: "unix" };
  /** Called after each write, and when no more writes will follow. */
  onSent: () => void = () => {};
  #receiver: Receiver | undefined;
  readonly #arriving: (Buffer | "end")[] = [];
  #sent: Buffer[] = [];
  #backlog = 0;
  #paused = false;
  #delivering = false;
  #state = "open" as "open" | "ending" | "closed";

  /** The connection is closed: no bytes are received or sent any more. */
  get isClosed(): boolean {
    return this.#state === "closed";
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /** No more writes will follow. Written bytes may still wait to be taken. */
  get isEnding(): boolean {
    return this.#state !== "open";
  }

  /** The peer sends bytes. */
  deliver(bytes: Buffer): void {
    this.#arriving.push(bytes);
    this.#flush();
  }

  /** The peer ends its stream. */
  deliverEnd(): void {
    this.#arriving.push("end");
    this.#flush();
  }

  /** The peer reads everything that was sent so far. */
  take(): Buffer {
    const bytes = Buffer.concat(this.#sent);
    this.#sent = [];
    this.#backlog = 0;
    if (this.#state === "ending") this.#close();
    else if (bytes.length > 0) queueMicrotask(() => this.isClosed || this.#receiver?.drained());
    return bytes;
  }

  /** Breaks the connection. */
  lose(error?: Error): void {
    this.#close(error);
  }

  deliverTo(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  write(bytes: Buffer): void {
    if (this.#state !== "open") return;
    this.#sent.push(bytes);
    this.#backlog += bytes.length;
    this.onSent();
  }

  get backlogBytes(): number {
    return this.#backlog;
  }

  /** Behaves like a socket of the addon, which is used where Node.js has no stream (vsock). */
  startTls(upgrade: Upgrade): Promise<Transport> {
    const receiver = this.#receiver!;
    const stream = new TransportStream(this);
    const successor = new StreamTransport(stream, stream, this.peer);
    successor.deliverTo(receiver);
    successor.pause();
    return successor.startTls(upgrade);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (this.#arriving[0] === "end") queueMicrotask(() => this.#flush());
    else this.#flush();
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    if (this.#backlog === 0) this.#close();
    this.onSent();
  }

  destroy(): void {
    this.#close();
  }

  #flush(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    while (this.#arriving.length > 0 && !this.#paused && !this.isClosed) {
      const next = this.#arriving.shift()!;
      if (next === "end") this.#receiver!.ended();
      else this.#receiver!.received(next);
    }
    this.#delivering = false;
  }

  #close(error?: Error): void {
    if (this.isClosed) return;
    this.#state = "closed";
    this.#arriving.length = 0;
    queueMicrotask(() => {
      this.#receiver?.closed(error);
      this.onSent();
    });
  }
}
