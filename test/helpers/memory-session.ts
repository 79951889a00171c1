import { Chain } from "../../src/chain/chain.ts";
import { Session } from "../../src/connection/session.ts";
import type { HandshakeOptions, SessionSetup } from "../../src/connection/setup.ts";
import type { Handle } from "../../src/contract/handle.ts";
import type { Plugin } from "../../src/contract/plugin.ts";
import { Gate } from "../../src/core/gate.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { MemoryTransport } from "./memory-transport.ts";
import { until } from "./until.ts";

export interface MemorySessionOptions {
  readonly open: Plugin["open"];
  readonly plugin?: Partial<Plugin>;
  readonly readOnly?: boolean;
  readonly threads?: number;
  readonly handshake?: Partial<HandshakeOptions>;
  /** Replaces the transport in memory, which `transport` is otherwise. */
  readonly over?: Transport;
  /** The context that several sessions share. */
  readonly setup?: Partial<SessionSetup>;
}

/** The server's side of one connection, without a server and without a socket. */
export class MemorySession {
  readonly transport: MemoryTransport = new MemoryTransport();
  readonly session: Session;
  readonly errors: string[] = [];
  #sent: Buffer[] = [];

  constructor(options: MemorySessionOptions) {
    const log = { verbose: true, debug: () => {}, error: (line: string) => void this.errors.push(line) };
    const plugin: Plugin = { ...options.plugin, name: "tested", open: options.open };
    const host = { ...log, stdioSafe: true, debugFlag: () => 0, shutdown: () => {} };
    this.session = new Session(options.over ?? this.transport, {
      chain: new Chain(plugin, [], () => host),
      threads: options.threads ?? 16,
      readOnly: options.readOnly ?? false,
      handshake: {
        style: "newstyle",
        timeoutMs: 0,
        flagsMask: 0xffff,
        structuredReplies: true,
        extendedHeaders: true,
        metaContexts: true,
        ...options.handshake,
      },
      tls: { mode: "off" },
      log,
      requestGate: new Gate(),
      connectionGate: new Gate(),
      ...options.setup,
    });
    this.transport.onSent = () => this.#collect();
  }

  /** The bytes sent since `sent` was last set, except those that other code has taken. */
  get sent(): Buffer {
    if (this.#sent.length > 1) this.#sent = [Buffer.concat(this.#sent)];
    return this.#sent[0] ?? Buffer.alloc(0);
  }

  set sent(bytes: Buffer) {
    this.#sent = [bytes];
  }

  async start(): Promise<void> {
    await this.session.start();
  }

  /** Waits until this many bytes have been sent, or the session has ended. */
  async untilSent(length: number): Promise<void> {
    await until(`${length} bytes`, () => this.sent.length >= length || this.transport.isClosed);
  }

  #collect(): void {
    this.#sent.push(this.transport.take());
  }
}

/** Waits for one event-loop iteration, in which all due work runs. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A disk in memory with all abilities, which answers at once. */
export function bufferDisk(bytes: Buffer): Handle {
  const at = (offset: bigint): number => Number(offset);
  return {
    size: BigInt(bytes.length),
    read: (into, offset) => void into.set(bytes.subarray(at(offset), at(offset) + into.length)),
    write: (from, offset) => void bytes.set(from, at(offset)),
    flush: () => {},
    trim: () => {},
    zero: (offset, length) => void bytes.fill(0, at(offset), at(offset) + length),
    cache: () => {},
    extents: (_, length) => [{ length: BigInt(length), hole: false, zero: false }],
    nativeFua: true,
    fastZero: true,
    multiConn: true,
  };
}
