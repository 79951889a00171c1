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
import { expectThat, settles, turn } from "./finding.ts";

/** Fixed costs, and the one chunk for which room is made before it has come. */
const allocatedBase = 1024 * 1024 + 16 * statusExtentsMax;

/** How bytes get from the server that is fuzzed to the client, and back. */
export interface Way {
  readonly line: ClientConnection;
  readonly tls: "off" | "require";
  /** Everything that comes before the bytes of the handshake. */
  open(): Promise<void>;
  deliver(bytes: Buffer): void;
  /** Lets what was delivered arrive, and happen what it causes. */
  quiet(): Promise<void>;
  /** Everything that the client has sent since the last call. */
  takeSent(): Buffer;
  /** The server leaves, in order or not. */
  leave(lost: boolean): void;
}

/** Runs one case. @throws Finding, or whatever came out of the engine */
export async function runClientCase(test: ClientCase, way: Way = new ClearWay()): Promise<void> {
  const meeting = new Meeting(test, way);
  const allocated = await countAllocated(() => meeting.run());
  const received = [...test.handshake, ...(test.replies ?? [])].reduce((sum, { length }) => sum + length, 0);
  const allowed = allocatedBase + 20 * received + meeting.bytesAsked;
  expectThat(allocated <= allowed, `allocates ${allocated} bytes for ${received} received`);
}

/** Nothing in between. */
class ClearWay implements Way {
  readonly tls = "off";
  readonly line: ClientConnection;
  readonly #transport = new MemoryTransport();
  #sent: Buffer[] = [];

  constructor() {
    this.#transport.onSent = () => void this.#sent.push(this.#transport.take());
    this.line = new ClientConnection(this.#transport, undefined);
  }

  async open(): Promise<void> {}

  deliver(bytes: Buffer): void {
    this.#transport.deliver(bytes);
  }

  quiet(): Promise<void> {
    return turn();
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
  readonly #way: Way;

  constructor(test: ClientCase, way: Way) {
    this.#test = test;
    this.#random = new Random(test.seed);
    this.#way = way;
  }

  async run(): Promise<void> {
    const { line } = this.#way;
    if (this.#test.options.lists) {
      await this.#list(line);
      return;
    }
    const client = await this.#connect(line);
    if (client === undefined) return;
    await this.#way.quiet();
    this.#way.takeSent();
    const done = Promise.all(this.#test.operations.map((operation) => this.#perform(client, operation)));
    await this.#way.quiet();
    this.#test.replies ??= this.#replies(client);
    await this.#deliver(this.#test.replies);
    const closing = this.#test.options.leaves === "close" ? client.close() : undefined;
    await this.#way.quiet();
    this.#leave();
    await settles(done, "an operation");
    // What the operations did not survive is theirs to tell.
    await done;
    await settles(client.closed, "the client");
    if (closing !== undefined) await settles(closing, "close");
  }

  async #list(line: ClientConnection): Promise<void> {
    const { options, valid } = this.#test;
    const listed = heard(line.talk(clientListing({ tls: this.#way.tls, ...options })));
    await this.#way.open();
    await this.#deliver(this.#test.handshake);
    // Only what was heard counts where the way takes its time.
    if (valid) await this.#way.quiet();
    this.#leave();
    await settles(listed, "the listing");
    const error = await failureOf(listed);
    expectThat(!valid || error === undefined, `a valid listing fails: ${error}`);
    line.leave();
  }

  async #connect(line: ClientConnection): Promise<NbdClient | undefined> {
    const { options, handshake, valid } = this.#test;
    const talking = heard(line.talk(clientHandshake({ tls: this.#way.tls, exportName: "disk", ...options })));
    await this.#way.open();
    await this.#deliver(handshake);
    await this.#way.quiet();
    let agreed = false;
    talking.then(
      () => {
        agreed = true;
      },
      () => {},
    );
    await turn();
    if (!agreed) {
      this.#leave();
      await settles(talking, "the handshake");
      const error = await failureOf(talking);
      expectThat(error !== undefined && !valid, `a valid handshake fails: ${error}`);
      return undefined;
    }
    return new NbdClient(line, { target: { kind: "unix", path: "memory" } }, await talking);
  }

  async #deliver(chunks: readonly Buffer[]): Promise<void> {
    for (const bytes of chunks) {
      this.#way.deliver(Buffer.from(bytes));
      if (this.#random.oneIn(4)) await turn();
    }
  }

  #replies(client: NbdClient): Buffer[] {
    const { options, valid } = this.#test;
    const ids = client.contexts.map((name) => options.metaContexts.indexOf(name) + 7);
    return repliesTo(new Random(this.#test.seed + 1), this.#way.takeSent(), client.replyForm, ids, valid);
  }

  #leave(): void {
    this.#way.leave(this.#test.options.leaves === "lost");
  }

  /** Fails only as an operation may, and succeeds only with what the server sent. */
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

/** A promise that may reject before anybody asks. */
function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Why it was rejected. @throws anything that is no error of ours */
async function failureOf(promise: Promise<unknown>): Promise<NbdError | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof NbdError) return error;
    throw error;
  }
}
