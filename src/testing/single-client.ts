import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { codeOf } from "../core/errors.ts";
import type { TestClient, ZeroRequest } from "./client.ts";
import { checkExtents } from "./extents.ts";
import { pattern } from "./marks.ts";
import type { Model } from "./model.ts";
import { type Range, rangesWithin, rounded } from "./ranges.ts";

/** A rule for a part of a disk. */
type Claim = (client: TestClient, model: Model) => Promise<void>;

/**
 * The rules for every disk with one client that sends one request at a time. Each rule is checked on a new
 * disk.
 */
export const singleClientClaims: Readonly<Record<string, Claim>> = {
  "a read fills its buffer with the bytes of any range, to the last byte of the disk": readsAnyRange,
  "a write can be read back, and changes no byte beside its range": readsBackWrites,
  "a range that is zeroed reads as zeroes, also after it has been read, and no byte beside it changes":
    zeroes,
  "a range that is trimmed reads as zeroes or as before, and no byte beside it changes": trims,
  "the extents of any range cover it, and describe its bytes correctly": describesExtents,
  "the buffers of reads and writes are left alone once the calls have been answered": leavesBuffersAlone,
  "a disk that refuses changes stays as it was": refusesChanges,
};

function isWritable({ disk }: TestClient, { writes }: Model): boolean {
  return disk.canWrite && writes !== "refused";
}

async function readsAnyRange(client: TestClient, model: Model): Promise<void> {
  for (const [at, length] of rangesWithin(model.length, client.unit)) await model.check(client, at, length);
}

async function readsBackWrites(client: TestClient, model: Model): Promise<void> {
  if (!isWritable(client, model)) return;
  for (const [index, [at, length]] of rangesWithin(model.length, client.unit).entries()) {
    await model.write(client, at, pattern(length, index), index % 4 === 0);
    await model.checkAround(client, at, length);
    if (index % 8 === 0) await model.checkAll(client);
  }
  await model.checkAll(client);
  await client.flush();
}

async function zeroes(client: TestClient, model: Model): Promise<void> {
  if (!isWritable(client, model) || !client.disk.canZero) return;
  await overData(client, model, async ([at, length], index) => {
    const fua = index % 4 === 0;
    await model.zero(client, at, length, { fua, mayTrim: index % 2 === 0, fastZero: index % 3 === 0 });
  });
}

async function trims(client: TestClient, model: Model): Promise<void> {
  if (!isWritable(client, model) || !client.disk.canTrim) return;
  await overData(client, model, ([at, length], index) => model.trim(client, at, length, index % 4 === 0));
}

/** Changes many ranges. Each range is first filled with data and read, so that a cache holds its data. */
async function overData(
  client: TestClient,
  model: Model,
  change: (range: Range, index: number) => Promise<void>,
): Promise<void> {
  for (const [index, range] of rangesWithin(model.length, client.unit).entries()) {
    const [at, length] = range;
    const before = Math.max(0, at - Math.ceil(600 / client.unit) * client.unit);
    const [start, around] = rounded(before, at + length + 600 - before, model.length, client.unit);
    await model.write(client, start, pattern(around, index));
    await model.check(client, start, around);
    await change(range, index);
    await model.checkAround(client, at, length);
    await checkExtents(client, model, start, around, index % 2 === 0);
    if (index % 8 === 0) await model.checkAll(client);
  }
  await model.checkAll(client);
}

async function describesExtents(client: TestClient, model: Model): Promise<void> {
  for (const holeBytes of holeUnits) {
    const edges = holeEdges(client, model, holeBytes);
    const check = () => checkAllExtents(client, model, edges, holeBytes);
    await check();
    if (!isWritable(client, model) || model.writes !== "kept") continue;
    await emptied(client, model, 0, model.length);
    for (const [index, at] of edges.entries()) await model.write(client, at, pattern(client.unit, index));
    await check();
    await model.write(client, 0, pattern(model.length, 1));
    for (const at of edges) await emptied(client, model, at, holeBytes);
    await check();
  }
}

/** The usual units of holes, in bytes: those of file systems, and of disks in memory. */
const holeUnits = [4096, 32 * 1024];

/**
 * Positions in every third unit of holes, in turn its first and its last block: a hole that is reported at the
 * wrong place then covers data.
 */
function holeEdges({ unit }: TestClient, { length }: Model, holeBytes: number): readonly number[] {
  const starts = Array.from(
    { length: Math.ceil(length / (3 * holeBytes)) },
    (_, index) => index * 3 * holeBytes,
  );
  return starts
    .map((start, index) => (index % 2 === 0 ? start : start + holeBytes - unit))
    .map((at) => at - (at % unit))
    .filter((at) => at >= 0 && at + unit <= length);
}

async function checkAllExtents(
  client: TestClient,
  model: Model,
  edges: readonly number[],
  holeBytes: number,
): Promise<void> {
  const near = edges.map((at) => rounded(at, 2 * holeBytes, model.length, client.unit));
  const whole: Range = [0, model.length];
  for (const [at, length] of [whole, ...near, ...rangesWithin(model.length, client.unit)])
    for (const requestOne of [false, true]) await checkExtents(client, model, at, length, requestOne);
}

/** Trims and zeroes a range, as far as the disk can. */
async function emptied(client: TestClient, model: Model, from: number, wanted: number): Promise<void> {
  const [at, length] = rounded(from, Math.min(wanted, model.length - from), model.length, client.unit);
  const request: ZeroRequest = { fua: false, mayTrim: true, fastZero: false };
  if (length === 0) return;
  if (client.disk.canTrim) await model.trim(client, at, length);
  if (client.disk.canZero) await model.zero(client, at, length, request);
}

/**
 * Reads and writes the same ranges several times, so that the use of an old borrowed buffer becomes visible.
 */
async function leavesBuffersAlone(client: TestClient, model: Model): Promise<void> {
  const length = Math.min(model.length, Math.max(512, client.unit));
  const places = [0, Math.floor((model.length - length) / 2), model.length - length].map(
    (at) => at - (at % client.unit),
  );
  for (let round = 0; round < 3 && length > 0; round++) {
    for (const at of places) {
      if (isWritable(client, model)) await model.write(client, at, pattern(length, round));
      await model.check(client, at, length);
      await model.check(client, at, length);
    }
    for (const at of places) await model.check(client, at, length);
    // Let deferred work of the plugin run.
    for (let iteration = 0; iteration < 3; iteration++) await setImmediate();
    client.checkBuffers();
  }
}

async function refusesChanges(client: TestClient, model: Model): Promise<void> {
  const { disk } = client;
  if (!disk.canWrite || model.writes !== "refused" || model.length === 0) return;
  const { start, length } = model.window;
  const request: ZeroRequest = { fua: false, mayTrim: false, fastZero: false };
  const attempts: readonly (() => PromiseLike<unknown> | undefined)[] = [
    () => client.write(start, pattern(length, 3)),
    () => (disk.canZero ? client.zero(start, length, request) : undefined),
    () => (disk.canZero ? client.zero(start, length, { ...request, fastZero: true }) : undefined),
    () => (disk.canTrim ? client.trim(start, length, false) : undefined),
  ];
  for (const attempt of attempts) {
    // Some changes may succeed: zeroing bytes that are already zero.
    await Promise.resolve(attempt()).catch((error) =>
      assert.match(codeOf(error), /^(EIO|ENOSPC|EPERM|ENOTSUP)$/),
    );
    await model.checkAll(client);
  }
}
