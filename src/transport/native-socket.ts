import type { Duplex } from "node:stream";
import type { Watch } from "../native/binding.ts";
import { native } from "../native/load.ts";
import { streamOn } from "../native/stream.ts";
import { NativeSendQueue } from "./native-send-queue.ts";
import { ReceiveBatching } from "./receive-batching.ts";
import { StreamTransport } from "./stream.ts";
import type { Peer, Receiver, Transport } from "./transport.ts";
import { TransportStream } from "./transport-stream.ts";
import type { Upgrade } from "./upgrade.ts";

/**
 * What one system call can bring. All connections of a loop receive into the same bytes, one after the other, so that
 * they stay in the processor's cache and idle connections cost nothing.
 */
const receivedBytesMax = 256 * 1024;
let shared: Buffer | undefined;
/** The part of it that was lent last. */
let lent: Buffer | undefined;

/** From so many missing bytes on, what comes behind them is likely to be as large, and better placed when it is known. */
const bulkBytes = 32 * 1024;
const headBytes = 64;
let head: Buffer | undefined;

/** Where to put what comes behind a payload: of a large one only a header, so that the next payload need not be copied. */
function behind(buffer: Buffer, missingBytes: number): Buffer {
  if (missingBytes < bulkBytes) return buffer;
  head ??= buffer.subarray(0, headBytes);
  return head;
}

/** A connected socket that the addon reads and writes, without blocking, on Node's loop. */
export class NativeSocket implements Transport {
  readonly peer: Peer;
  readonly lends = true;
  readonly sendQueue: NativeSendQueue;
  readonly #fd: number;
  readonly #owner: "here" | "elsewhere";
  readonly #watch: Watch;
  readonly #batching: ReceiveBatching;
  #receiver: Receiver | undefined;
  #successor: StreamTransport | undefined;
  #reading = true;
  #peerLeaving = false;
  #peerEnded = false;
  #state = "open" as "open" | "ending" | "closed";

  /**
   * @param fd does not block
   * @param owner "here" closes the descriptor with the connection; "elsewhere" ends the connection, and another thread closes
   * the descriptor later
   */
  constructor(fd: number, peer: Peer, owner: "here" | "elsewhere" = "here") {
    this.peer = peer;
    this.#fd = fd;
    this.#owner = owner;
    this.#watch = new (native().Watch)(fd, (readable, writable, left) =>
      this.#ready(readable, writable, left),
    );
    this.#batching = new ReceiveBatching((...wanted) => native().waitForBytes(fd, ...wanted));
    this.sendQueue = new NativeSendQueue(fd, {
      blocked: () => this.#listen(),
      failed: (error) => this.#close(error),
    });
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#listen();
  }

  write(bytes: Buffer): void {
    if (this.#state !== "open") return;
    this.sendQueue.write(bytes);
    this.sendQueue.flush();
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get backlogBytes(): number {
    return this.sendQueue.backlogBytes;
  }

  startTls(upgrade: Upgrade): Promise<Transport> {
    const receiver = this.#receiver!;
    this.#giveUp();
    const stream = this.#asStream();
    this.#successor = new StreamTransport(stream, stream, this.peer, this.#fd);
    this.#successor.start(receiver);
    this.#successor.pause();
    return this.#successor.startTls(upgrade);
  }

  detach(): number {
    this.#giveUp();
    return this.#fd;
  }

  pause(): void {
    this.#reading = false;
    this.#listen();
  }

  resume(): void {
    this.#reading = true;
    this.#listen();
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    if (this.sendQueue.backlogBytes === 0) this.#close();
    else this.#listen();
  }

  destroy(): void {
    if (this.#successor !== undefined) this.#successor.destroy();
    else this.#close();
  }

  #listen(): void {
    if (this.#state === "closed") return;
    // What the peer still sends at the end is of no interest, but whether it has gone is.
    const mayCome = this.#state === "open" && !this.#peerEnded;
    this.#watch.want(mayCome && this.#isReading, this.sendQueue.backlogBytes > 0, mayCome, !mayCome);
  }

  /** Of a peer that sends no more, all is taken that the system holds: it shows how the peer left, and is no flood. */
  get #isReading(): boolean {
    return this.#reading || this.#peerLeaving;
  }

  #ready(readable: boolean, writable: boolean, left: boolean): void {
    if (writable) this.#sendMore();
    if (left) this.#peerLeaves();
    if (readable && this.#isReading && this.#state === "open") this.#receive();
  }

  #peerLeaves(): void {
    // After its end only one thing is left to hear: that nobody takes anything any more.
    if (this.#peerEnded || this.#state === "ending") this.#close();
    this.#peerLeaving = true;
    this.#listen();
  }

  #sendMore(): void {
    this.sendQueue.flush();
    this.#receiver!.taken?.();
    if (this.sendQueue.backlogBytes > 0 || this.#state === "closed") return;
    if (this.#state === "ending") {
      this.#close();
      return;
    }
    this.#listen();
    this.#receiver!.drained();
  }

  #receive(): void {
    shared ??= Buffer.allocUnsafeSlow(receivedBytesMax);
    const receiver = this.#receiver!;
    const missing = receiver.missing?.();
    const room = missing === undefined ? 0 : missing.end - missing.start;
    let got: number;
    try {
      if (missing === undefined) this.#batching.wait();
      got =
        missing === undefined
          ? native().receive(this.#fd, shared, 0, shared.length)
          : native().receiveInto(this.#fd, missing.buffer, missing.start, missing.end, behind(shared, room));
    } catch (error) {
      this.#close(error as Error);
      return;
    }
    if (got < 0) return;
    if (got === 0) {
      this.#peerEnded = true;
      this.#listen();
      receiver.ended();
      return;
    }
    if (missing !== undefined) receiver.filled!(Math.min(got, room));
    receiver.received(this.#firstOfShared(Math.max(got - room, 0)));
  }

  /** The same again for as many bytes as last time, as of a client with one request at a time. */
  #firstOfShared(bytes: number): Buffer {
    if (lent?.length !== bytes) lent = shared!.subarray(0, bytes);
    return lent;
  }

  /** Node's own sockets are quicker, but it knows no vsock. */
  #asStream(): Duplex {
    if (this.peer.family === "vsock") return new TransportStream(new NativeSocket(this.#fd, this.peer));
    return streamOn(this.#fd, { readable: true, writable: true, allowHalfOpen: true });
  }

  /** From here on the descriptor is not touched. */
  #giveUp(): void {
    this.#state = "closed";
    this.#watch.close();
    this.sendQueue.abandon();
  }

  #close(error?: Error): void {
    if (this.#state === "closed") return;
    this.#giveUp();
    if (this.#owner === "here") native().closeDescriptor(this.#fd);
    else native().shutDown(this.#fd);
    // Outside of whatever call brought us here, as receivers expect.
    queueMicrotask(() => this.#receiver?.closed(error));
  }
}
