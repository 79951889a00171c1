import { must } from "../core/assert.ts";
import type { TestClient } from "./client.ts";
import { checkExtents } from "./extents.ts";
import { pattern } from "./marks.ts";
import type { Model } from "./model.ts";
import type { Random } from "./random.ts";
import { rounded } from "./ranges.ts";

/** One request. A position beyond the disk is wrapped around. */
export interface Step {
  readonly kind: (typeof kinds)[number];
  readonly at: number;
  readonly length: number;
  /** The index of the client that sends the request, where several clients share a disk. */
  readonly client: number;
  /** The seed of the bytes that a write stores. */
  readonly seed: number;
  readonly fua: boolean;
  readonly mayTrim: boolean;
  readonly fastZero: boolean;
  readonly requestOne: boolean;
}

const kinds = ["read", "write", "zero", "trim", "extents", "cache", "flush"] as const;

/** Returns random requests, few enough to read in an error message. */
export function randomSteps(random: Random): Step[] {
  return Array.from({ length: random.between(1, 25) }, () => ({
    kind: random.pick(kinds),
    at: random.below(20_000),
    length: random.between(1, 9000),
    client: random.below(4),
    seed: random.below(256),
    fua: random.oneIn(2),
    mayTrim: random.oneIn(2),
    fastZero: random.oneIn(2),
    requestOne: random.oneIn(2),
  }));
}

/**
 * Sends the requests that the disk supports, one after another, and compares the disk with the model.
 *
 * @param clients one client, or several that share a disk; when the next request belongs to another client,
 *   the previous client flushes first
 */
export async function runSteps(
  clients: readonly TestClient[],
  model: Model,
  sequence: readonly Step[],
): Promise<void> {
  if (model.length === 0) return;
  let client = must(clients[0]);
  for (const wanted of sequence) {
    const other = must(clients[wanted.client % clients.length]);
    if (other !== client) await client.flush();
    client = other;
    const [at, length] = rounded(wanted.at % model.length, wanted.length, model.length, client.unit);
    await runStep(client, model, { ...wanted, at, length });
  }
  await model.checkAll(client);
}

async function runStep(client: TestClient, model: Model, asked: Step): Promise<void> {
  const { kind, at, length, fua } = asked;
  const { disk } = client;
  if (kind === "read") await model.check(client, at, length);
  if (kind === "extents") await checkExtents(client, model, at, length, asked.requestOne);
  if (kind === "cache") await client.cache(model.offset(at), length);
  if (kind === "flush") await client.flush();
  if (model.writes === "refused") return;
  if (kind === "write" && disk.canWrite) await model.write(client, at, pattern(length, asked.seed), fua);
  if (kind === "trim" && disk.canTrim) await model.trim(client, at, length, fua);
  if (kind === "zero" && disk.canZero) await model.zero(client, at, length, asked);
}

/**
 * Removes steps that the failure does not need.
 *
 * @param fails whether a sequence still fails
 */
export async function shorten(
  sequence: readonly Step[],
  fails: (shorter: readonly Step[]) => Promise<boolean>,
): Promise<readonly Step[]> {
  let shortest = sequence;
  for (let index = sequence.length - 1; index >= 0; index--) {
    const without = shortest.filter((_, other) => other !== index);
    if (await fails(without)) shortest = without;
  }
  return shortest;
}
