import assert from "node:assert/strict";
import type { TestClient } from "./client.ts";
import { checkExtents } from "./extents.ts";
import { pattern } from "./marks.ts";
import { Model, type Window, windowsOf } from "./model.ts";
import type { Random } from "./random.ts";
import { cut, rangesWithin } from "./ranges.ts";
import type { TestServer } from "./server.ts";
import type { Writes } from "./subject.ts";

/** What must hold for the clients of a server. */
type Claim = (server: TestServer, writes: Writes) => Promise<void>;

/** What holds for several requests or clients at once, or one after another; each is tried on a new disk. */
export const severalClientsClaims: Readonly<Record<string, Claim>> = {
  "requests of one connection that are under way at once lose nothing of each other": manyRequests,
  "requests of several connections that are under way at once lose nothing of each other": manyClients,
  "what one connection has changed and flushed is what the others read, where multiConn is claimed":
    sharesChanges,
  "what a client wrote and flushed is there for the next one, or every client has a disk of its own":
    keepsForNext,
  "a client that leaves takes nothing away from another": outlivesClient,
  "a client that may only read reads the same bytes": readsOnly,
  "every handle is closed once, after its last request has been answered": closesHandles,
};

/** Bytes of each end of the disk that requests at once change; more than one block of any size. */
const crowdedBytes = 96 * 1024;

async function manyRequests(server: TestServer, writes: Writes): Promise<void> {
  const client = await server.connect();
  for (const window of windowsOf(client, crowdedBytes)) await crowd(server, [client], window, writes);
}

async function manyClients(server: TestServer, writes: Writes): Promise<void> {
  const clients = await server.connectAll();
  const [first] = clients;
  if (first === undefined || clients.length < 2 || !isShared(first)) return;
  for (const window of windowsOf(first, crowdedBytes)) await crowd(server, clients, window, writes);
}

/** Only then may a client send what belongs together over several connections. */
function isShared({ disk }: TestClient): boolean {
  return disk.canMultiConn;
}

async function crowd(
  { random }: TestServer,
  clients: readonly TestClient[],
  window: Window,
  writes: Writes,
): Promise<void> {
  const [first] = clients;
  const model = await Model.of(first!, window, writes);
  for (let round = 0; round < 3; round++) {
    // None touches a byte of another, so that the result is known whatever order they are worked on in.
    const requests = cut(window.length, first!.unit, random).map(([at, length]) => {
      const request = { at, length, seed: random.below(256), fua: random.oneIn(4), chance: random.below(10) };
      return perform(random.pick(clients), model, request);
    });
    for (const outcome of await Promise.allSettled(requests))
      if (outcome.status === "rejected") throw outcome.reason;
    // A flush of any of them is one of all.
    await random.pick(clients).flush();
    for (const client of clients) await model.checkAll(client);
  }
}

interface Request {
  readonly at: number;
  readonly length: number;
  /** Of the bytes that a write stores. */
  readonly seed: number;
  readonly fua: boolean;
  /** 0 to 9 */
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

async function sharesChanges(server: TestServer, writes: Writes): Promise<void> {
  const clients = await server.connectAll();
  const [first, second] = clients;
  if (first === undefined || second === undefined || !isShared(first)) return;
  assert.equal(second.size, first.size, "the sizes of the disk for two clients at once");
  const [window] = windowsOf(first, crowdedBytes);
  const model = await Model.of(first, window!, writes);
  await sees(second, model, 0, window!.length);
  if (!first.disk.canWrite || writes === "refused") return;
  for (const [index, [at, length]] of rangesWithin(window!.length, first.unit).entries()) {
    const [changing, reading] = index % 2 === 0 ? [first, second] : [second, first];
    await model.write(changing, at, pattern(length, index));
    await changing.flush();
    // A cache of the other connection has it now.
    await sees(reading, model, at, length);
    const wishes = { fua: false, mayTrim: index % 4 < 2, fastZero: false };
    if (index % 3 === 1 && changing.disk.canZero) await model.zero(changing, at, length, wishes);
    else if (index % 3 === 2 && changing.disk.canTrim) await model.trim(changing, at, length);
    else await model.write(changing, at, pattern(length, index + 1));
    await changing.flush();
    await sees(reading, model, at, length);
  }
}

async function sees(reading: TestClient, model: Model, at: number, length: number): Promise<void> {
  try {
    await model.checkAround(reading, at, length);
    await checkExtents(reading, model, at, length, false);
  } catch (error) {
    const what = "multiConn is claimed, but one connection does not see what another has changed and flushed";
    throw new assert.AssertionError({ message: `${what}: ${String((error as Error).message)}` });
  }
}

async function keepsForNext(server: TestServer, writes: Writes): Promise<void> {
  let original: Model | undefined;
  let left: Model | undefined;
  let isOwn: boolean | undefined;
  for (let visit = 0; visit < 3; visit++) {
    const client = await server.connect();
    const window = windowsOf(client, crowdedBytes)[0]!;
    if (!client.disk.canWrite || writes !== "kept" || window.length === 0) return;
    const model = await Model.of(client, window, writes);
    if (original !== undefined && left !== undefined)
      isOwn = await isOwnDisk(client, { original, left, before: isOwn });
    original ??= model.copy();
    await changeSome(client, model, server.random);
    await client.flush();
    await server.disconnect(client);
    left = model;
  }
}

/** What a client found first of all, what the last one left, and whether it had a disk of its own, if that is known. */
interface Visits {
  readonly original: Model;
  readonly left: Model;
  readonly before: boolean | undefined;
}

/** @throws AssertionError where the disk is neither as the last client left it nor as it was at first */
async function isOwnDisk(client: TestClient, { original, left, before }: Visits): Promise<boolean> {
  const bytes = await client.read(left.window.start, left.length);
  if (before !== true && left.allows(bytes, 0)) return false;
  const isOwn = !isShared(client) && before !== false && original.allows(bytes, 0);
  if (!isOwn) await left.checkAll(client);
  return isOwn;
}

/** Some ranges that meet in the middle of sectors, and bytes between them that stay. */
async function changeSome(client: TestClient, model: Model, random: Random): Promise<void> {
  for (const [at, length] of cut(model.length, client.unit, random)) {
    const wishes = { fua: random.oneIn(4), mayTrim: random.oneIn(2), fastZero: false };
    if (random.oneIn(3)) continue;
    if (random.oneIn(4) && client.disk.canZero) await model.zero(client, at, length, wishes);
    else await model.write(client, at, pattern(length, random.below(256)), wishes.fua);
  }
}

async function outlivesClient(server: TestServer, writes: Writes): Promise<void> {
  if (server.connections < 2) return;
  const [first, second] = [await server.connect(), await server.connect()];
  const window = windowsOf(first, crowdedBytes)[0]!;
  const [left, own] = [await Model.of(first, window, writes), await Model.of(second, window, writes)];
  const canChange = first.disk.canWrite && writes !== "refused" && window.length > 0;
  if (canChange) await left.write(first, 0, pattern(window.length, 5));
  await first.flush();
  await server.disconnect(first);
  // Where multiConn is not claimed, the second client may see the old bytes or the new ones.
  const bytes = await second.read(window.start, window.length);
  const isWrong = (byte: number, at: number): boolean => {
    const one = Buffer.of(byte);
    return !left.allows(one, at) && (isShared(second) || !own.allows(one, at));
  };
  if (bytes.findIndex(isWrong) >= 0) await (isShared(second) ? left : own).checkAll(second);
  const model = await Model.of(second, window, writes);
  if (canChange) await model.write(second, 0, pattern(window.length, 6));
  await model.checkAll(second);
}

async function readsOnly(server: TestServer, writes: Writes): Promise<void> {
  const client = await server.connect({ readOnly: true });
  const models: Model[] = [];
  for (const window of windowsOf(client, crowdedBytes)) models.push(await Model.of(client, window, writes));
  const isAlone = server.connections < 2;
  if (isAlone) await server.disconnect(client);
  const other = await server.connect();
  assert.equal(
    other.size,
    client.size,
    "the sizes of the disk for a client that may write and one that may not",
  );
  for (const model of models) {
    if (isShared(other)) await model.checkAll(other);
    if (!isAlone) await model.checkAll(client);
  }
}

/** The end of the server has a look at the handles. */
async function closesHandles(server: TestServer): Promise<void> {
  const first = await server.connect();
  if (server.connections < 2) return server.disconnect(first);
  const second = await server.connect({ readOnly: true });
  await server.disconnect(first);
  await second.read(0n, Number(second.size < BigInt(second.unit) ? second.size : BigInt(second.unit)));
}
