import { connect, type TLSSocket } from "node:tls";
import { NbdError } from "../../../src/core/errors.ts";
import { Option } from "../../../src/protocol/constants.ts";
import { Random } from "../../../src/testing/random.ts";
import { StreamTransport } from "../../../src/transport/stream.ts";
import { MemorySession } from "../../helpers/memory-session.ts";
import { MemoryStream } from "../../helpers/memory-stream.ts";
import type { MemoryTransport } from "../../helpers/memory-transport.ts";
import { countAllocated } from "../allocation.ts";
import { Disks } from "../disks.ts";
import { option } from "../encode.ts";
import { expectThat, nextIteration, settles } from "../finding.ts";
import { checkServerOutput } from "../server-output.ts";
import { expectNoInternalError } from "../server-run.ts";
import type { FuzzKeys } from "./keys.ts";
import { greetingBytes, isClean, type TlsServerCase } from "./plan.ts";
import { disturb, quiet } from "./wire.ts";

/** Bytes: fixed allocations, including those of Node.js streams. */
const allocatedBase = 8 * 1024 * 1024;

/** Runs one case. @throws Finding, or an unexpected error of the server */
export async function runTlsServerCase(test: TlsServerCase, keys: FuzzKeys): Promise<void> {
  const { setup, chunks } = test.inner;
  const disks = new Disks(setup);
  const log = new Lines();
  const [serverEnd, clientEnd] = MemoryStream.pair();
  const over = test.plan.native
    ? {}
    : { over: new StreamTransport(serverEnd, serverEnd, { family: "unix" }) };
  const upgrade = await keys.server(test.plan);
  const memory = new MemorySession({
    open: ({ exportName }) => disks.open(exportName),
    plugin: { threadModel: setup.threadModel, listExports: () => disks.list() },
    readOnly: setup.readOnly,
    threads: setup.threads,
    handshake: setup,
    setup: { tls: { mode: setup.failEvery > 0 ? "on" : "require", upgrade }, log },
    ...over,
  });
  if (test.plan.native) join(memory.transport, serverEnd);
  const client = new Client(test, keys, clientEnd, serverEnd);
  const allocated = await countAllocated(async () => {
    await memory.start();
    await client.talk();
    await settles(memory.session.finished, "the session", () => client.readsAtLast());
  });
  const closed = test.plan.native ? memory.transport.isClosed : serverEnd.destroyed;
  expectThat(closed, "the server's end of the connection stays open");
  // Bytes that the server sent before it closed are still in transit.
  client.readsAtLast();
  await quiet(clientEnd, serverEnd);
  clientEnd.destroy();
  disks.expectRespected();
  expectNoInternalError(log.errors);
  log.expectNone(keys.secrets);
  expectThat(log.errors.length <= 1 || setup.failEvery > 0, `logs ${log.errors.length} lines`);
  const received = Buffer.concat(chunks).length + client.received.length;
  const allowed = allocatedBase + 16 * received + disks.bytesAsked;
  expectThat(allocated <= allowed, `allocates ${allocated} bytes for ${received}`);
  if (!isClean(test.plan, "server")) return;
  expectThat(client.secured, `a clean TLS handshake fails: ${log.errors.join()}`);
  // After a protocol violation or a lost connection, the server drops the bytes that the client has not read
  // yet.
  const isCut =
    log.errors.some((line) => brokenOff.test(line)) || (setup.leaves === "lost" && setup.readsLast);
  if (!isCut) checkServerOutput(setup, Buffer.concat(chunks), client.received);
}

const brokenOff = /^(invalid request|client |unknown client)/;

/** The fuzzed client: plaintext up to STARTTLS, then TLS by Node.js. */
class Client {
  secured = false;
  /** The received bytes: plaintext up to STARTTLS without its reply, decrypted bytes after it. */
  get received(): Buffer {
    return Buffer.concat(this.#received);
  }
  readonly #test: TlsServerCase;
  readonly #keys: FuzzKeys;
  readonly #stream: MemoryStream;
  readonly #server: MemoryStream;
  readonly #received: Buffer[] = [];
  #tls: TLSSocket | undefined;

  constructor(test: TlsServerCase, keys: FuzzKeys, stream: MemoryStream, server: MemoryStream) {
    this.#test = test;
    this.#keys = keys;
    this.#stream = stream;
    this.#server = server;
    stream.on("error", () => {});
  }

  async talk(): Promise<void> {
    const { plan, inner } = this.#test;
    const bytes = Buffer.concat(inner.chunks);
    const received: Buffer[] = [];
    const hear = (piece: Buffer): void => void received.push(piece);
    this.#stream.on("data", hear);
    await this.#quiet();
    this.#stream.write(bytes.subarray(0, 4));
    this.#stream.write(Buffer.concat([option(Option.starttls), Buffer.from(plan.injected, "hex")]));
    await this.#quiet();
    this.#stream.off("data", hear).pause();
    this.#received.push(Buffer.concat(received).subarray(0, greetingBytes));
    disturb(this.#stream, plan);
    if (plan.instead !== undefined) this.#stream.write(Buffer.from(plan.instead, "hex"));
    else await this.#secure();
    if (this.secured) await this.#talkInside(withoutFirst(4, inner.chunks));
    await this.#quiet();
    this.#leave();
    if (isClean(plan, "server")) return;
    // TLS may wait for bytes that never arrive. The client disconnects anyway.
    await this.#quiet();
    if (!this.#stream.writableEnded) this.#stream.lose();
  }

  /** Makes the client read only after it has sent everything. */
  readsAtLast(): void {
    if (this.#tls === undefined) this.#stream.resume();
    else this.#hear(this.#tls);
  }

  async #secure(): Promise<void> {
    const tls = connect({ ...this.#keys.peerClient(this.#test.plan), socket: this.#stream });
    this.#tls = tls;
    tls.on("error", () => {});
    tls.once("close", () => this.#stream.destroy());
    tls.once("secureConnect", () => {
      this.secured = true;
    });
    await this.#quiet();
  }

  async #talkInside(chunks: readonly Buffer[]): Promise<void> {
    const random = new Random(this.#test.seed);
    const tls = this.#tls!;
    if (!this.#test.inner.setup.readsLast) this.#hear(tls);
    for (const chunk of chunks) {
      if (tls.destroyed) return;
      tls.write(chunk);
      if (random.oneIn(4)) await nextIteration();
    }
  }

  #hear(tls: TLSSocket): void {
    if (tls.listenerCount("data") === 0) tls.on("data", (bytes: Buffer) => void this.#received.push(bytes));
  }

  #leave(): void {
    if (this.#test.inner.setup.leaves === "lost") this.#stream.lose();
    else if (this.#tls !== undefined) this.#tls.end();
    else this.#stream.end();
  }

  #quiet(): Promise<void> {
    return quiet(this.#stream, this.#server);
  }
}

function withoutFirst(count: number, chunks: readonly Buffer[]): Buffer[] {
  let left = count;
  return chunks
    .map((chunk) => {
      const skipped = Math.min(left, chunk.length);
      left -= skipped;
      return chunk.subarray(skipped);
    })
    .filter((chunk) => chunk.length > 0);
}

/** Connects the transport and the stream in both directions, with the backpressure of the stream. */
function join(transport: MemoryTransport, stream: MemoryStream): void {
  const move = (): void => {
    if (stream.writableNeedDrain && !stream.destroyed) return;
    const bytes = transport.take();
    if (bytes.length > 0) stream.write(bytes);
    if (transport.isClosed) stream.end(() => stream.destroy());
  };
  transport.onSent = move;
  stream.on("drain", move);
  stream.on("data", (bytes: Buffer) => transport.deliver(bytes));
  stream.on("end", () => transport.deliverEnd());
  stream.on("error", () => transport.lose(new NbdError("ECONNRESET", "lost")));
  stream.on("close", () => transport.lose());
}

/** A log that stores all lines. */
class Lines {
  readonly verbose = true;
  readonly errors: string[] = [];
  readonly #debugged: string[] = [];

  debug(line: string): void {
    this.#debugged.push(line);
  }

  error(line: string): void {
    this.errors.push(line);
  }

  expectNone(secrets: readonly string[]): void {
    const leaked = [...this.errors, ...this.#debugged].find((line) =>
      secrets.some((secret) => line.includes(secret)),
    );
    expectThat(leaked === undefined, "a log has a secret in it");
  }
}
