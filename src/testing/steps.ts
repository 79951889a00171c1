import type { ServedExport } from "../backend/served-export.ts";
import { allExtents, type Model, pattern, zeroes } from "./model.ts";
import type { Random } from "./random.ts";

/** One request; positions beyond the disk are folded back into it. */
export interface Step {
  readonly kind: (typeof kinds)[number];
  readonly at: number;
  readonly length: number;
  /** Of the bytes that a write stores. */
  readonly seed: number;
  readonly fua: boolean;
  readonly mayTrim: boolean;
  readonly fastZero: boolean;
  readonly requestOne: boolean;
}

const kinds = ["read", "write", "zero", "trim", "extents", "cache", "flush"] as const;

/** Random requests, few enough to be read when they fail. */
export function randomSteps(random: Random): Step[] {
  return Array.from({ length: random.between(1, 25) }, () => ({
    kind: random.pick(kinds),
    at: random.below(20_000),
    length: random.between(1, 9000),
    seed: random.below(256),
    fua: random.oneIn(2),
    mayTrim: random.oneIn(2),
    fastZero: random.oneIn(2),
    requestOne: random.oneIn(2),
  }));
}

/** Sends the requests that the disk allows, one after another, and compares it with the model. */
export async function runSteps(disk: ServedExport, model: Model, sequence: readonly Step[]): Promise<void> {
  const size = model.window.length;
  if (size === 0) return;
  for (const wanted of sequence) {
    const at = wanted.at % size;
    await runStep(disk, model, { ...wanted, at, length: Math.min(wanted.length, size - at) });
  }
  await model.checkAll(disk);
}

async function runStep(disk: ServedExport, model: Model, asked: Step): Promise<void> {
  const { kind, at, length } = asked;
  const offset = model.window.start + BigInt(at);
  const fua = asked.fua && disk.canFua;
  if (kind === "read") await model.check(disk, at, length);
  if (kind === "extents") await allExtents(disk, { start: offset, length }, asked.requestOne);
  if (kind === "cache" && disk.canCache) await disk.cache(offset, length);
  if (kind === "flush" && disk.canFlush) await disk.flush();
  if (model.writes === "refused") return;
  if (kind === "write" && disk.canWrite) {
    await model.store(disk, at, pattern(length, asked.seed), fua);
  }
  if (kind === "trim" && disk.canTrim) {
    await disk.trim(offset, length, fua);
    model.trim(at, length);
  }
  if (kind === "zero" && disk.canZero) {
    if (await zeroes(disk, offset, length, { ...asked, fua })) model.zero(at, length);
  }
}

/**
 * The same failure with fewer steps: leaves out whatever it does not need.
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
