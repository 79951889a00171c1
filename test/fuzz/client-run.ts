import { NbdClient } from "../../src/client/client.ts";
import { ClientConnection } from "../../src/client/connection.ts";
import { NbdError } from "../../src/core/errors.ts";
import { clientHandshake } from "../../src/protocol/client/handshake.ts";
import { statusExtentsMax } from "../../src/protocol/client/limits.ts";
import { clientListing } from "../../src/protocol/client/listing.ts";
import { Random } from "../../src/testing/random.ts";
import { MemoryTransport } from "../helpers/memory-transport.ts";
import { countAllocated } from "./allocation.ts";
import { type ClientCase, dataFor, type Operation, repliesTo } from "./client-grammar.ts";
import { expectThat, nextIteration, settles } from "./finding.ts";

/** Bytes: fixed allocations, and one chunk whose buffer is allocated before its data arrives. */
const allocatedBase = 1024 * 1024 + 16 * statusExtentsMax;

/** The link between the fuzzed server and the client. */
export interface Link {
  readonly connection: ClientConnection;
  readonly tls: "off" | "require";
  /** Does everything that precedes the bytes of the handshake. */
  open(): Promise<void>;
  deliver(bytes: Buffer): void;
  /** Waits until the delivered bytes have arrived and all their effects are done. */
  quiet(): Promise<void>;
  /** Returns the bytes that the client has sent since the last call. */
  takeSent(): Buffer;
  /** The server disconnects, orderly or by a lost connection. */
  leave(lost: boolean): void;
}

/** Runs one case. @throws Finding, or an unexpected error of the client */
export async function runClientCase(test: ClientCase, link: Link = new PlainLink()): Promise<void> {
  const meeting = new Meeting(test, link);
  const allocated = await countAllocated(() => meeting.run());
  const received = [...test.handshake, ...(test.replies ?? [])].reduce((sum, { length }) => sum + length, 0);
  const allowed = allocatedBase + 20 * received + meeting.bytesAsked;
  expectThat(allocated <= allowed, `allocates ${allocated} bytes for ${received} received`);
}

/** A direct link. */
class PlainLink implements Link {
  readonly tls = "off";
  readonly connection: ClientConnection;
  readonly #transport = new MemoryTransport();
  #sent: Buffer[] = [];

  constructor() {
    this.#transport.onSent = () => void this.#sent.push(this.#transport.take());
    this.connection = new ClientConnection(this.#transport, undefined);
  }

  async open(): Promise<void> {}

  deliver(bytes: Buffer): void {
    this.#transport.deliver(bytes);
  }

  quiet(): Promise<void> {
    return nextIteration();
  }

  takeSent(): Buffer {
    return Buffer.concat(this.#sent.splice(0));
  }

  leave(lost: boolean): void {
    if (lost) this.#transport.lose(new NbdError("ECONNRESET", "lost"));
    else this.#transport.deliverEnd();
  }
}

class Meeting {
  bytesAsked = 0;
  readonly #test: ClientCase;
  readonly #random: Random;
  readonly #link: Link;

  constructor(test: ClientCase, link: Link) {
    this.#test = test;
    this.#random = new Random(test.seed);
    this.#link = link;
  }

  async run(): Promise<void> {
    const { connection } = this.#link;
    if (this.#test.options.lists) {
      await this.#list(connection);
      return;
    }
    const client = await this.#connect(connection);
    if (client === undefined) return;
    await this.#link.quiet();
    this.#link.takeSent();
    const done = Promise.all(this.#test.operations.map((operation) => this.#perform(client, operation)));
    await this.#link.quiet();
    this.#test.replies ??= this.#replies(client);
    await this.#deliver(this.#test.replies);
    const closing = this.#test.options.leaves === "close" ? client.close() : undefined;
    await this.#link.quiet();
    this.#leave();
    await settles(done, "an operation");
    // Rethrow the findings of the operations.
    await done;
    await settles(client.closed, "the client");
    if (closing !== undefined) await settles(closing, "close");
  }

  async #list(connection: ClientConnection): Promise<void> {
    const { options, valid } = this.#test;
    const listed = handled(connection.talk(clientListing({ tls: this.#link.tls, ...options })));
    await this.#link.open();
    await this.#deliver(this.#test.handshake);
    // Over TLS, bytes take several event-loop iterations to arrive. Wait for a valid listing.
    if (valid) await this.#link.quiet();
    this.#leave();
    await settles(listed, "the listing");
    const error = await failureOf(listed);
    expectThat(!valid || error === undefined, `a valid listing fails: ${error}`);
    connection.leave();
  }

  async #connect(connection: ClientConnection): Promise<NbdClient | undefined> {
    const { options, handshake, valid } = this.#test;
    const talking = handled(
      connection.talk(clientHandshake({ tls: this.#link.tls, exportName: "disk", ...options })),
    );
    await this.#link.open();
    await this.#deliver(handshake);
    await this.#link.quiet();
    let agreed = false;
    talking.then(
      () => {
        agreed = true;
      },
      () => {},
    );
    await nextIteration();
    if (!agreed) {
      this.#leave();
      await settles(talking, "the handshake");
      const error = await failureOf(talking);
      expectThat(error !== undefined && !valid, `a valid handshake fails: ${error}`);
      return undefined;
    }
    return new NbdClient(connection, { target: { kind: "unix", path: "memory" } }, await talking);
  }

  async #deliver(chunks: readonly Buffer[]): Promise<void> {
    for (const bytes of chunks) {
      this.#link.deliver(Buffer.from(bytes));
      if (this.#random.oneIn(4)) await nextIteration();
    }
  }

  #replies(client: NbdClient): Buffer[] {
    const { options, valid } = this.#test;
    const ids = client.contexts.map((name) => options.metaContexts.indexOf(name) + 7);
    return repliesTo(new Random(this.#test.seed + 1), this.#link.takeSent(), client.replyForm, ids, valid);
  }

  #leave(): void {
    this.#link.leave(this.#test.options.leaves === "lost");
  }

  /**
   * Performs an operation. It may fail only with an expected error, and succeed only with the data of the
   * server.
   */
  async #perform(client: NbdClient, operation: Operation): Promise<void> {
    const { kind, offset, length } = operation;
    if (kind === "read") this.bytesAsked += 3 * length;
    if (kind === "write") this.bytesAsked += 4 * length;
    try {
      const read = await this.#ask(client, operation);
      if (!this.#test.valid || read === undefined) return;
      expectThat(
        read.equals(dataFor(BigInt(offset), length)),
        "a read returns other bytes than the server sent",
      );
    } catch (error) {
      if (!(error instanceof NbdError)) throw error;
      const broken = error.code === "EPROTO" || error.code === "ECONNRESET";
      expectThat(!this.#test.valid || !broken, `a valid reply breaks the connection: ${error.message}`);
    }
  }

  async #ask(client: NbdClient, { kind, offset, length, flag }: Operation): Promise<Buffer | undefined> {
    switch (kind) {
      case "read":
        return await client.read(offset, length, { dontFragment: flag });
      case "write":
        await client.write(offset, Buffer.alloc(length, 5), { fua: flag });
        return undefined;
      case "flush":
        await client.flush();
        return undefined;
      case "status": {
        const status = await client.blockStatus(offset, length, { requestOne: flag });
        for (const extents of status.values()) expectThat(extents.length > 0, "block status without extents");
        return undefined;
      }
      default:
        await client[kind](offset, length);
        return undefined;
    }
  }
}

/** Marks a promise as handled, because it may reject before it is awaited. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Returns the rejection. @throws any error that is not an NbdError */
async function failureOf(promise: Promise<unknown>): Promise<NbdError | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof NbdError) return error;
    throw error;
  }
}
