import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NbdClient } from "../../src/client/client.ts";
import { ClientConnection } from "../../src/client/connection.ts";
import type { Handle } from "../../src/contract/handle.ts";
import type { Extent } from "../../src/core/extent.ts";
import type { MaybePromise } from "../../src/core/maybe-promise.ts";
import { clientHandshake } from "../../src/protocol/client/handshake.ts";
import { bufferDisk, MemorySession } from "../helpers/memory-session.ts";
import { MemoryTransport } from "../helpers/memory-transport.ts";
import { joinTransports } from "../helpers/memory-wire.ts";

/** Concurrent requests use separate slots, so that their order does not matter. */
const slots = 16;
const slotBytes = 24 * 1024;
const diskBytes = slots * slotBytes;
const sector = 512;

const range = { at: fc.nat(slotBytes - 1), length: fc.integer({ min: 1, max: slotBytes }) };
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("read" as const), ...range, whole: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      ...range,
      fua: fc.boolean(),
      value: fc.integer({ min: 1, max: 255 }),
    }),
  },
  fc.record({
    kind: fc.constant("zero" as const),
    ...range,
    fua: fc.boolean(),
    noHole: fc.boolean(),
    fastZero: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("trim" as const), ...range, fua: fc.boolean() }),
  fc.record({ kind: fc.constant("cache" as const), ...range }),
  fc.record({ kind: fc.constant("extents" as const), ...range }),
  fc.record({ kind: fc.constant("flush" as const), ...range }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** All requests of a batch are in flight together. The next batch starts when all have been answered. */
const batches = fc.array(fc.array(step, { minLength: 1, maxLength: slots }), { minLength: 1, maxLength: 6 });

const pieces = fc.oneof(
  fc.constant([1]),
  fc.constant([Number.MAX_SAFE_INTEGER]),
  fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 8 }),
  fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 8 }),
);

type Pace = "at once" | "later" | "out of order" | "sometimes";
const sandbox = fc.record({
  batches,
  pieces,
  pace: fc.constantFrom<Pace>("at once", "later", "out of order", "sometimes"),
  threads: fc.constantFrom(1, 3, 16),
  serialized: fc.boolean(),
  seed: fc.nat(),
});
type Sandbox = typeof sandbox extends fc.Arbitrary<infer T> ? T : never;

/** Delays answers, and completes them in an order that is independent of the order of the requests. */
class Delays {
  readonly #pace: Pace;
  #state: number;
  readonly #waiting: (() => void)[] = [];

  constructor(pace: Pace, seed: number) {
    this.#pace = pace;
    this.#state = seed;
  }

  /** Runs the action now or later. */
  run<T>(action: () => MaybePromise<T>): MaybePromise<T> {
    if (this.#pace === "at once" || (this.#pace === "sometimes" && this.#random(2) === 0)) return action();
    if (this.#pace === "later") return nextTurn().then(action);
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(action()));
      if (this.#waiting.length === 1) setImmediate(() => this.#releaseOne());
    });
  }

  #releaseOne(): void {
    const [release] = this.#waiting.splice(this.#random(this.#waiting.length), 1);
    release!();
    if (this.#waiting.length > 0) setImmediate(() => this.#releaseOne());
  }

  #random(below: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * below);
  }
}

/** Reports sectors of zeroes as holes. */
function extentsOf(bytes: Buffer, offset: bigint, length: number): Extent[] {
  const extents: Extent[] = [];
  for (let at = Number(offset); at < Number(offset) + length; at += sector - (at % sector)) {
    const start = at - (at % sector);
    const zero = bytes.subarray(start, start + sector).every((byte) => byte === 0);
    extents.push({ length: BigInt(start + sector - at), hole: zero, zero });
  }
  return extents;
}

function paced(bytes: Buffer, delays: Delays): Handle {
  const disk = bufferDisk(bytes);
  return {
    size: disk.size,
    multiConn: true,
    nativeFua: true,
    fastZero: true,
    read: (into, offset) => delays.run(() => disk.read(into, offset)),
    write: (from, offset, flags) => delays.run(() => disk.write!(from, offset, flags)),
    flush: () => delays.run(() => {}),
    trim: () => delays.run(() => {}),
    zero: (offset, length, flags) => delays.run(() => disk.zero!(offset, length, flags)),
    cache: () => delays.run(() => {}),
    extents: (offset, length) => delays.run(() => extentsOf(bytes, offset, length)),
  };
}

async function connected(
  form: NbdClient["replyForm"],
  sandbox: Sandbox,
  disk: Handle,
): Promise<[NbdClient, MemorySession]> {
  const model = sandbox.serialized ? "serialize_all_requests" : "parallel";
  const server = new MemorySession({
    open: () => disk,
    plugin: { threadModel: model },
    threads: sandbox.threads,
  });
  const near = new MemoryTransport();
  joinTransports(near, server.transport, sandbox.pieces);
  await server.start();
  const line = new ClientConnection(near, undefined);
  const agreement = await line.talk(
    clientHandshake({
      tls: "off",
      exportName: "",
      structuredReplies: form !== "simple",
      extendedHeaders: form === "extended",
      metaContexts: ["base:allocation"],
    }),
  );
  const client = new NbdClient(line, { target: { kind: "unix", path: "memory" } }, agreement);
  expect(client.replyForm).toBe(form);
  return [client, server];
}

/** Performs the step with the client and, after its reply, in the model. */
async function perform(client: NbdClient, model: Buffer, wanted: Step, slot: number): Promise<void> {
  const start = slot * slotBytes + wanted.at;
  const length = Math.min(wanted.length, slotBytes - wanted.at);
  const here = model.subarray(start, start + length);
  switch (wanted.kind) {
    case "read": {
      const options = { dontFragment: wanted.whole && client.capabilities.canDontFragment };
      expect((await client.read(start, length, options)).equals(here)).toBe(true);
      break;
    }
    case "write":
      await client.write(start, Buffer.alloc(length, wanted.value), { fua: wanted.fua });
      here.fill(wanted.value);
      break;
    case "zero": {
      const { fua, noHole, fastZero } = wanted;
      await client.zero(start, length, { fua, noHole, fastZero });
      here.fill(0);
      break;
    }
    case "trim":
      await client.trim(start, length, { fua: wanted.fua });
      break;
    case "cache":
      await client.cache(start, length);
      break;
    case "flush":
      await client.flush();
      break;
    case "extents":
      await checkExtents(client, here, start, length);
      break;
  }
}

async function checkExtents(client: NbdClient, here: Buffer, start: number, length: number): Promise<void> {
  if (client.contexts.length === 0) return;
  let at = 0;
  for (const extent of await client.extents(start, length)) {
    const end = at + Number(extent.length);
    if (extent.zero) expect(here.subarray(at, end).every((byte) => byte === 0)).toBe(true);
    at = end;
  }
  expect(at).toBe(length);
}

describe.each(["simple", "structured", "extended"] as const)(
  "the client and the server of nbdkit-node, %s replies",
  (form) => {
    it("agree with an array, whatever requests are in flight and however the stream is split", async () => {
      await fc.assert(
        fc.asyncProperty(sandbox, async (all) => {
          const [bytes, model] = [Buffer.alloc(diskBytes), Buffer.alloc(diskBytes)];
          const disk = paced(bytes, new Delays(all.pace, all.seed));
          const [client, server] = await connected(form, all, disk);
          for (const batch of all.batches) {
            await Promise.all(batch.map((wanted, slot) => perform(client, model, wanted, slot)));
          }
          expect((await client.read(0, diskBytes)).equals(model)).toBe(true);
          await client.close();
          await server.session.finished;
          expect(await client.closed).toBeUndefined();
          expect(bytes.equals(model)).toBe(true);
          expect(server.errors).toEqual([]);
        }),
        { numRuns: 30 },
      );
    });
  },
);
