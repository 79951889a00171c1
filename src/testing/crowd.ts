import { must } from "../core/assert.ts";
import type { TestClient } from "./client.ts";
import { pattern } from "./marks.ts";
import { Model, type Window } from "./model.ts";
import { cut } from "./ranges.ts";
import type { TestServer } from "./server.ts";
import type { Writes } from "./subject.ts";

/**
 * Sends many requests at once, over one client or several. The requests are neighbours within sectors and
 * blocks, but do not overlap. After a flush, all clients must see the same data.
 */
export async function crowd(
  { random }: TestServer,
  clients: readonly TestClient[],
  window: Window,
  writes: Writes,
): Promise<void> {
  const first = must(clients[0]);
  const model = await Model.of(first, window, writes);
  for (let round = 0; round < 3; round++) {
    // The requests do not overlap, so the result does not depend on their order.
    const requests = cut(window.length, first.unit, random).map(([at, length]) => {
      const request = { at, length, seed: random.below(256), fua: random.oneIn(4), chance: random.below(10) };
      return perform(random.pick(clients), model, request);
    });
    for (const outcome of await Promise.allSettled(requests))
      if (outcome.status === "rejected") throw outcome.reason;
    // A flush on one client flushes the writes of all.
    await random.pick(clients).flush();
    for (const client of clients) await model.checkAll(client);
  }
}

interface Request {
  readonly at: number;
  readonly length: number;
  /** The seed of the bytes that a write stores. */
  readonly seed: number;
  readonly fua: boolean;
  /** Selects the kind of request; 0 to 9. */
  readonly chance: number;
}

async function perform(
  client: TestClient,
  model: Model,
  { at, length, seed, fua, chance }: Request,
): Promise<void> {
  const { disk } = client;
  const canChange = disk.canWrite && model.writes !== "refused";
  if (chance === 0) await client.flush();
  if (chance === 1) await client.cache(model.offset(at), length);
  if (chance === 2) await client.extents(model.offset(at), length, fua);
  if (canChange && chance === 3 && disk.canTrim) await model.trim(client, at, length, fua);
  if (canChange && (chance === 4 || chance === 5) && disk.canZero)
    await model.zero(client, at, length, { fua, mayTrim: seed % 2 === 0, fastZero: false });
  if (canChange && chance > 5) await model.write(client, at, pattern(length, seed), fua);
  await model.check(client, at, length);
}
