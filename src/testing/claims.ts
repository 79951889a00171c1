import assert from "node:assert/strict";
import type { ServedExport } from "../backend/served-export.ts";
import { codeOf } from "../core/errors.ts";
import { allExtents, type Model, pattern, zeroes } from "./model.ts";

/** A claim about a disk, of which the model describes a part. */
type Claim = (disk: ServedExport, model: Model) => Promise<void>;

/** What holds for every disk, each tried on a new one. */
export const claims: Readonly<Record<string, Claim>> = {
  "reads any range, to the last byte": readsAnyRange,
  "reads back what was written": readsBackWrites,
  "reads zeroes where it was told to zero": readsZeroes,
  "reads zeroes or the old bytes where it was trimmed": trims,
  "stays as it was where it refuses changes": refusesChanges,
  "describes every range with extents that agree with its bytes": describesExtents,
  "answers many requests at once": answersManyAtOnce,
};

/** Ranges within `length` bytes that meet every kind of edge: sectors, pages, neither, the whole. */
function rangesWithin(length: number): readonly (readonly [at: number, length: number])[] {
  const edges = [0, 1, 511, 512, 4095, 4096, 4097, 65_536, length - 4097, length - 513, length - 1];
  const lengths = [1, 2, 511, 512, 513, 4096, 10_000, length];
  return edges
    .filter((at) => at >= 0 && at < length)
    .flatMap((at) => lengths.map((wanted) => [at, Math.min(wanted, length - at)] as const));
}

function isWritable(disk: ServedExport, model: Model): boolean {
  return disk.canWrite && model.writes !== "refused";
}

async function readsAnyRange(disk: ServedExport, model: Model): Promise<void> {
  for (const [at, length] of rangesWithin(model.window.length)) await model.check(disk, at, length);
}

async function readsBackWrites(disk: ServedExport, model: Model): Promise<void> {
  if (!isWritable(disk, model)) return;
  for (const [index, [at, length]] of rangesWithin(model.window.length).entries()) {
    await model.store(disk, at, pattern(length, index), disk.canFua && index % 4 === 0);
    await model.check(disk, at, length);
  }
  await model.checkAll(disk);
  await disk.flush();
}

async function readsZeroes(disk: ServedExport, model: Model): Promise<void> {
  if (!isWritable(disk, model) || !disk.canZero) return;
  for (const [index, [at, length]] of rangesWithin(model.window.length).entries()) {
    const around = surroundings(at, length, model);
    await model.store(disk, around.at, pattern(around.length, index), false);
    const flags = {
      fua: disk.canFua && index % 4 === 0,
      mayTrim: index % 2 === 0,
      fastZero: index % 3 === 0,
    };
    if (await zeroes(disk, model.window.start + BigInt(at), length, flags)) model.zero(at, length);
    await model.check(disk, around.at, around.length);
  }
  await model.checkAll(disk);
}

async function trims(disk: ServedExport, model: Model): Promise<void> {
  if (!isWritable(disk, model) || !disk.canTrim) return;
  for (const [index, [at, length]] of rangesWithin(model.window.length).entries()) {
    const around = surroundings(at, length, model);
    await model.store(disk, around.at, pattern(around.length, index), false);
    await disk.trim(model.window.start + BigInt(at), length, disk.canFua && index % 4 === 0);
    model.trim(at, length);
    await model.check(disk, around.at, around.length);
  }
  await model.checkAll(disk);
}

/** A range and a bit more on either side, which must stay as it is. */
function surroundings(at: number, length: number, { window }: Model): { at: number; length: number } {
  const start = Math.max(0, at - 600);
  return { at: start, length: Math.min(window.length, at + length + 600) - start };
}

async function refusesChanges(disk: ServedExport, model: Model): Promise<void> {
  if (!disk.canWrite || model.writes !== "refused") return;
  const { start, length } = model.window;
  const flags = { fua: false, mayTrim: false, fastZero: false };
  const attempts = [
    () => disk.write(pattern(length, 3), start, false),
    () => (disk.canZero ? disk.zero(start, length, flags) : undefined),
    () => (disk.canZero ? disk.zero(start, length, { ...flags, fastZero: true }) : undefined),
    () => (disk.canTrim ? disk.trim(start, length, false) : undefined),
  ];
  for (const attempt of length === 0 ? [] : attempts) {
    // Some may succeed: what is zero already can be zeroed.
    await Promise.resolve()
      .then(attempt)
      .catch((error) => assert.match(codeOf(error), /^(EIO|ENOSPC|EPERM|ENOTSUP)$/));
    await model.checkAll(disk);
  }
}

async function describesExtents(disk: ServedExport, model: Model): Promise<void> {
  const { window } = model;
  if (isWritable(disk, model) && window.length > 8192) await model.store(disk, 5000, pattern(2000, 1), false);
  for (const requestOne of [false, true]) {
    for (const [at, length] of [[0, window.length], ...rangesWithin(window.length)] as const) {
      const range = { start: window.start + BigInt(at), length };
      for (const extent of await allExtents(disk, range, requestOne)) {
        if (!extent.zero) continue;
        const bytes = Buffer.alloc(extent.length, 1);
        await disk.read(bytes, range.start + BigInt(extent.at));
        assert.ok(bytes.equals(Buffer.alloc(extent.length)), "an extent said to be zero reads as zeroes");
      }
    }
  }
}

async function answersManyAtOnce(disk: ServedExport, model: Model): Promise<void> {
  const { window } = model;
  const piece = Math.max(1, Math.floor(window.length / 100) - 1);
  const starts = Array.from({ length: Math.min(100, window.length) }, (_, index) => index * piece);
  const inside = starts.filter((at) => at + piece <= window.length);
  const change = async (at: number, index: number): Promise<void> => {
    if (isWritable(disk, model))
      await model.store(disk, at, pattern(piece, index), index % 10 === 0 && disk.canFua);
    await model.check(disk, at, piece);
    if (disk.canFlush && index % 10 === 5) await disk.flush();
    if (disk.canCache) await disk.cache(window.start + BigInt(at), piece);
  };
  await Promise.all(inside.map(change));
  await Promise.all(inside.map((at) => model.check(disk, at, piece)));
  await model.checkAll(disk);
}
