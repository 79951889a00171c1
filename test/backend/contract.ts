import assert from "node:assert/strict";
import fc from "fast-check";
import * as vitest from "vitest";
import type { ServedExport } from "../../src/backend/served-export.ts";
import { allExtents, Model, pattern, windowsOf, zeroes } from "./contract-model.ts";
import { Session, type SessionOptions } from "./contract-session.ts";
import { runSteps, steps } from "./contract-steps.ts";

export interface PluginUnderTest extends Omit<SessionOptions, "parameters"> {
  /** Asked before each test; a function where each test needs a disk of its own. */
  readonly parameters: SessionOptions["parameters"] | (() => SessionOptions["parameters"]);
  /** Writes succeed and have no effect. */
  readonly forgetful?: boolean;
  /** How many random sequences of requests are tried. */
  readonly runs?: number;
}

/** How tests are declared; everything else here is plain Node. */
export interface Runner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
}

/** What every plugin owes to its clients, seen from where the server stands. */
export function testPlugin(name: string, subject: PluginUnderTest, runner: Runner = vitest): void {
  const start = (): Promise<Session> => Session.start({ ...subject, parameters: parametersOf(subject) });
  const forgetful = subject.forgetful === true;
  /** A test that gets a disk, and a model of each part of it that is looked at. */
  const claim = (title: string, body: (disk: ServedExport, model: Model) => Promise<void>): void =>
    runner.it(title, async () => {
      await using session = await start();
      const disk = await session.open();
      for (const window of windowsOf(disk.size)) await body(disk, await Model.of(disk, window, forgetful));
    });

  runner.describe(`${name} keeps the plugin contract`, () => {
    claim("reads any range, to the last byte", readsAnyRange);
    claim("reads back what was written", readsBackWrites);
    claim("reads zeroes where it was told to zero", readsZeroes);
    claim("reads zeroes or the old bytes where it was trimmed", trims);
    claim("describes every range with extents that agree with its bytes", describesExtents);
    claim("answers many requests at once", answersManyAtOnce);

    runner.it("behaves like an array of bytes under any sequence of requests", async () => {
      const property = fc.asyncProperty(steps, async (sequence) => {
        await using session = await start();
        const disk = await session.open();
        for (const window of windowsOf(disk.size, 16 * 1024)) {
          await runSteps(disk, await Model.of(disk, window, forgetful), sequence);
        }
      });
      await fc.assert(property, { numRuns: subject.runs ?? 50 });
    });

    runner.it("serves a client that may only read", async () => {
      await using session = await start();
      const disk = await session.open({ readOnly: true });
      assert.equal(disk.canWrite || disk.canTrim || disk.canZero || disk.canFua, false);
      for (const window of windowsOf(disk.size)) await (await Model.of(disk, window)).checkAll(disk);
    });

    runner.it("outlives a client that leaves, and shows its flushed writes to others", async () => {
      await using session = await start();
      const [first, second] = [await session.open(), await session.open()];
      const [window] = windowsOf(first.size);
      const model = await Model.of(second, window!, forgetful);
      if (first.canWrite) await write(first, model, 0, pattern(window!.length, 5), false);
      await first.flush();
      await session.close(first);
      if (second.canMultiConn) await model.checkAll(second);
      assert.equal(second.size, first.size);
    });
  });
}

function parametersOf({ parameters }: PluginUnderTest): SessionOptions["parameters"] {
  return typeof parameters === "function" ? parameters() : parameters;
}

/** Ranges within `length` bytes that meet every kind of edge: sectors, pages, neither, the whole. */
function rangesWithin(length: number): readonly (readonly [at: number, length: number])[] {
  const edges = [0, 1, 511, 512, 4095, 4096, 4097, 65_536, length - 4097, length - 513, length - 1];
  const lengths = [1, 2, 511, 512, 513, 4096, 10_000, length];
  return edges
    .filter((at) => at >= 0 && at < length)
    .flatMap((at) => lengths.map((wanted) => [at, Math.min(wanted, length - at)] as const));
}

async function readsAnyRange(disk: ServedExport, model: Model): Promise<void> {
  for (const [at, length] of rangesWithin(model.window.length)) await model.check(disk, at, length);
}

async function readsBackWrites(disk: ServedExport, model: Model): Promise<void> {
  if (!disk.canWrite) return;
  for (const [index, [at, length]] of rangesWithin(model.window.length).entries()) {
    await write(disk, model, at, pattern(length, index), disk.canFua && index % 4 === 0);
    await model.check(disk, at, length);
  }
  await model.checkAll(disk);
  await disk.flush();
}

async function readsZeroes(disk: ServedExport, model: Model): Promise<void> {
  if (!disk.canZero) return;
  for (const [index, [at, length]] of rangesWithin(model.window.length).entries()) {
    await write(disk, model, at, pattern(length, index), false);
    const flags = {
      fua: disk.canFua && index % 4 === 0,
      mayTrim: index % 2 === 0,
      fastZero: index % 3 === 0,
    };
    if (await zeroes(disk, model.window.start + BigInt(at), length, flags)) model.zero(at, length);
    await model.check(disk, at, length);
  }
  await model.checkAll(disk);
}

async function trims(disk: ServedExport, model: Model): Promise<void> {
  if (!disk.canTrim) return;
  for (const [index, [at, length]] of rangesWithin(model.window.length).entries()) {
    await write(disk, model, at, pattern(length, index), false);
    await disk.trim(model.window.start + BigInt(at), length, disk.canFua && index % 4 === 0);
    model.trim(at, length);
    await model.check(disk, at, length);
  }
  await model.checkAll(disk);
}

async function describesExtents(disk: ServedExport, model: Model): Promise<void> {
  const { window } = model;
  if (disk.canWrite && window.length > 8192) await write(disk, model, 5000, pattern(2000, 1), false);
  for (const requestOne of [false, true]) {
    for (const [at, length] of [[0, window.length], ...rangesWithin(window.length).slice(0, 20)] as const) {
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
    if (disk.canWrite) await write(disk, model, at, pattern(piece, index), index % 10 === 0 && disk.canFua);
    await model.check(disk, at, piece);
    if (disk.canFlush && index % 10 === 5) await disk.flush();
    if (disk.canCache) await disk.cache(window.start + BigInt(at), piece);
  };
  await Promise.all(inside.map(change));
  await Promise.all(inside.map((at) => model.check(disk, at, piece)));
  await model.checkAll(disk);
}

async function write(
  disk: ServedExport,
  model: Model,
  at: number,
  bytes: Uint8Array,
  fua: boolean,
): Promise<void> {
  await disk.write(bytes, model.window.start + BigInt(at), fua);
  model.write(bytes, at);
}
