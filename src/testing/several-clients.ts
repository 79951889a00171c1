import assert from "node:assert/strict";
import { must } from "../core/assert.ts";
import { messageOf } from "../core/errors.ts";
import { isShared, type TestClient } from "./client.ts";
import { crowd } from "./crowd.ts";
import { checkExtents } from "./extents.ts";
import { pattern } from "./marks.ts";
import { Model, windowsOf } from "./model.ts";
import { crowdedBytes, rangesWithin } from "./ranges.ts";
import type { TestServer } from "./server.ts";
import type { Writes } from "./subject.ts";
import { keepsForNext } from "./visits.ts";

/** A rule for the clients of a server. */
type Claim = (server: TestServer, writes: Writes) => Promise<void>;

/**
 * The rules for several requests or clients at once, or one after another. Each rule is checked on a new
 * disk.
 */
export const severalClientsClaims: Readonly<Record<string, Claim>> = {
  "requests of one connection that are under way at once do not lose each other's changes": manyRequests,
  "requests of several connections that are under way at once do not lose each other's changes": manyClients,
  "what one connection has changed and flushed is what the others read, where multiConn is claimed":
    sharesChanges,
  "what a client wrote and flushed is there for the next one, or every client has a disk of its own":
    keepsForNext,
  "a client that disconnects does not affect the data of another client": outlivesClient,
  "a client that may only read reads the same bytes": readsOnly,
  "every handle is closed once, after its last request has been answered": closesHandles,
};

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

async function sharesChanges(server: TestServer, writes: Writes): Promise<void> {
  const clients = await server.connectAll();
  const [first, second] = clients;
  if (first === undefined || second === undefined || !isShared(first)) return;
  assert.equal(second.size, first.size, "the sizes of the disk for two clients at once");
  const window = must(windowsOf(first, crowdedBytes)[0]);
  const model = await Model.of(first, window, writes);
  await sees(second, model, 0, window.length);
  if (!first.disk.canWrite || writes === "refused") return;
  for (const [index, [at, length]] of rangesWithin(window.length, first.unit).entries()) {
    const [changing, reading] = index % 2 === 0 ? [first, second] : [second, first];
    await model.write(changing, at, pattern(length, index));
    await changing.flush();
    // The read puts the data into a cache of the other connection.
    await sees(reading, model, at, length);
    const request = { fua: false, mayTrim: index % 4 < 2, fastZero: false };
    if (index % 3 === 1 && changing.disk.canZero) await model.zero(changing, at, length, request);
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
    throw new assert.AssertionError({ message: `${what}: ${messageOf(error)}` });
  }
}

async function outlivesClient(server: TestServer, writes: Writes): Promise<void> {
  if (server.connections < 2) return;
  const [first, second] = [await server.connect(), await server.connect()];
  const window = must(windowsOf(first, crowdedBytes)[0]);
  const [left, own] = [await Model.of(first, window, writes), await Model.of(second, window, writes)];
  const canChange = first.disk.canWrite && writes !== "refused" && window.length > 0;
  if (canChange) await left.write(first, 0, pattern(window.length, 5));
  await first.flush();
  await server.disconnect(first);
  // Without multiConn, the second client may see the old bytes or the new ones.
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

/** The server counts the closed handles when it ends. */
async function closesHandles(server: TestServer): Promise<void> {
  const first = await server.connect();
  if (server.connections < 2) return server.disconnect(first);
  const second = await server.connect({ readOnly: true });
  await server.disconnect(first);
  await second.read(0n, Number(second.size < BigInt(second.unit) ? second.size : BigInt(second.unit)));
}
