import type { Duplex } from "node:stream";
import { asError } from "../core/errors.ts";
import type { Watch } from "../native/binding.ts";
import { native } from "../native/load.ts";
import { streamOn } from "../native/stream.ts";
import { NativeSendQueue } from "./native-send-queue.ts";
import { ReceiveBatching } from "./receive-batching.ts";
import { StreamTransport } from "./stream.ts";
import { noReceiver, type Receiver, type Transport, type TransportPeer } from "./transport.ts";
import { TransportStream } from "./transport-stream.ts";
import type { Upgrade } from "./upgrade.ts";

/**
 * Bytes that one system call can receive. All connections of a thread receive into the same buffer, so that
 * the buffer stays in the processor cache and idle connections need no memory.
 */
const receivedBytesMax = 256 * 1024;
let shared: Buffer | undefined;
/** The view of the shared buffer that was passed to `received` last. */
let receivedView: Buffer | undefined;

/**
 * When at least this many bytes of a payload are missing, the next payload is likely to be as large. It is
 * then received directly into its own buffer, after its header.
 */
const bulkBytes = 32 * 1024;
const headBytes = 64;
let head: Buffer | undefined;

/**
 * Returns the buffer for the bytes after a payload. After a large payload it has room for one header only, so
 * that the next payload need not be copied.
 */
function behind(buffer: Buffer, missingBytes: number): Buffer {
  if (missingBytes < bulkBytes) return buffer;
  head ??= buffer.subarray(0, headBytes);
  return head;
}

/** Reuses the last view when the size is the same, as for a client with one request at a time. */
function firstOf(buffer: Buffer, bytes: number): Buffer {
  if (receivedView?.length !== bytes) receivedView = buffer.subarray(0, bytes);
  return receivedView;
}

/** A connected, non-blocking socket that the native addon reads and writes, on the event loop of Node. */
export class NativeSocket implements Transport {
  readonly peer: TransportPeer;
  readonly reusesReceiveBuffer = true;
  readonly sendQueue: NativeSendQueue;
  readonly #fd: number;
  readonly #owner: "this-thread" | "other-thread";
  readonly #watch: Watch;
  readonly #batching: ReceiveBatching;
  #receiver: Receiver = noReceiver;
  #successor: StreamTransport | undefined;
  #reading = true;
  #peerLeaving = false;
  #peerEnded = false;
  #state: "open" | "ending" | "closed" = "open";

  /**
   * @param fd a non-blocking descriptor
   * @param owner "this-thread" closes the descriptor with the connection; "other-thread" only shuts the
   * connection down, and another thread closes the descriptor later
   */
  constructor(fd: number, peer: TransportPeer, owner: "this-thread" | "other-thread" = "this-thread") {
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

  deliverTo(receiver: Receiver): void {
    const isFirst = this.#receiver === noReceiver;
    this.#receiver = receiver;
    if (isFirst) this.#listen();
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  startTls(upgrade: Upgrade): Promise<Transport> {
    const receiver = this.#receiver;
    this.#giveUp();
    const stream = this.#asStream();
    this.#successor = new StreamTransport(stream, stream, this.peer, this.#fd);
    this.#successor.deliverTo(receiver);
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
    if (!this.sendQueue.isFull) this.#close();
    else this.#listen();
  }

  destroy(): void {
    if (this.#successor !== undefined) this.#successor.destroy();
    else this.#close();
  }

  #listen(): void {
    if (this.#state === "closed") return;
    // In the end state, bytes from the peer are not needed. A hang-up of the peer still is.
    const mayCome = this.#state === "open" && !this.#peerEnded;
    this.#watch.want(mayCome && this.#isReading, this.sendQueue.isFull, mayCome, !mayCome);
  }

  /**
   * After EOF of the peer, read everything that the kernel holds, even while paused: the amount is bounded,
   * and it shows how the peer disconnected.
   */
  get #isReading(): boolean {
    return this.#reading || this.#peerLeaving;
  }

  #ready(readable: boolean, writable: boolean, left: boolean): void {
    if (writable) this.#sendMore();
    if (left) this.#peerLeaves();
    if (readable && this.#isReading && this.#state === "open") this.#receive();
  }

  #peerLeaves(): void {
    // After EOF, the only remaining event is that the peer accepts no more bytes either.
    if (this.#peerEnded || this.#state === "ending") this.#close();
    this.#peerLeaving = true;
    this.#listen();
  }

  #sendMore(): void {
    this.sendQueue.flush();
    this.#receiver.taken?.();
    if (this.sendQueue.isFull || this.#state === "closed") return;
    if (this.#state === "ending") {
      this.#close();
      return;
    }
    this.#listen();
    this.#receiver.drained();
  }

  #receive(): void {
    shared ??= Buffer.allocUnsafeSlow(receivedBytesMax);
    const receiver = this.#receiver;
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
      this.#close(asError(error));
      return;
    }
    if (got < 0) return;
    if (got === 0) {
      this.#peerEnded = true;
      this.#listen();
      receiver.ended();
      return;
    }
    if (missing !== undefined) receiver.filled?.(Math.min(got, room));
    receiver.received(firstOf(shared, Math.max(got - room, 0)));
  }

  /** The sockets of Node are faster, but Node does not support vsock. */
  #asStream(): Duplex {
    if (this.peer.family === "vsock") return new TransportStream(new NativeSocket(this.#fd, this.peer));
    return streamOn(this.#fd, { readable: true, writable: true, allowHalfOpen: true });
  }

  /** Stops all use of the descriptor. */
  #giveUp(): void {
    this.#state = "closed";
    this.#watch.close();
    this.sendQueue.abandon();
  }

  #close(error?: Error): void {
    if (this.#state === "closed") return;
    this.#giveUp();
    if (this.#owner === "this-thread") native().closeDescriptor(this.#fd);
    else native().shutDown(this.#fd);
    // Receivers expect `closed` outside of any call into the transport.
    queueMicrotask(() => this.#receiver.closed(error));
  }
}
