import { must } from "../core/assert.ts";
import { isShared, type TestClient } from "./client.ts";
import { pattern } from "./marks.ts";
import { Model, windowsOf } from "./model.ts";
import type { Random } from "./random.ts";
import { crowdedBytes, cut } from "./ranges.ts";
import type { TestServer } from "./server.ts";
import type { Writes } from "./subject.ts";

/**
 * Connects clients one after another, each of which changes the disk. Each client must find the changes of
 * the previous one, or a disk of its own.
 */
export async function keepsForNext(server: TestServer, writes: Writes): Promise<void> {
  let original: Model | undefined;
  let left: Model | undefined;
  let isOwn: boolean | undefined;
  for (let visit = 0; visit < 3; visit++) {
    const client = await server.connect();
    const window = must(windowsOf(client, crowdedBytes)[0]);
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

/**
 * The content that the first client found, the content that the last client left, and whether the last client
 * had its own disk, if known.
 */
interface Visits {
  readonly original: Model;
  readonly left: Model;
  readonly before: boolean | undefined;
}

/**
 * Whether the client has its own disk.
 *
 * @throws AssertionError where the disk is neither as the last client left it nor as it was at first
 */
async function isOwnDisk(client: TestClient, { original, left, before }: Visits): Promise<boolean> {
  const bytes = await client.read(left.window.start, left.length);
  if (before !== true && left.allows(bytes, 0)) return false;
  const isOwn = !isShared(client) && before !== false && original.allows(bytes, 0);
  if (!isOwn) await left.checkAll(client);
  return isOwn;
}

/** Changes some ranges, which meet in the middle of sectors, and leaves the bytes between them. */
async function changeSome(client: TestClient, model: Model, random: Random): Promise<void> {
  for (const [at, length] of cut(model.length, client.unit, random)) {
    const request = { fua: random.oneIn(4), mayTrim: random.oneIn(2), fastZero: false };
    if (random.oneIn(3)) continue;
    if (random.oneIn(4) && client.disk.canZero) await model.zero(client, at, length, request);
    else await model.write(client, at, pattern(length, random.below(256)), request.fua);
  }
}
