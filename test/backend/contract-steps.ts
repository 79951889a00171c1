import fc from "fast-check";
import type { ServedExport } from "../../src/backend/served-export.ts";
import { allExtents, type Model, pattern, zeroes } from "./contract-model.ts";

const range = { at: fc.nat(20_000), length: fc.integer({ min: 1, max: 9000 }) };
const fua = fc.boolean();

/** One request; positions beyond the disk are folded back into it. */
const step = fc.oneof(
  fc.record({ kind: fc.constant("read" as const), ...range }),
  fc.record({ kind: fc.constant("write" as const), ...range, seed: fc.nat(255), fua }),
  fc.record({
    kind: fc.constant("zero" as const),
    ...range,
    fua,
    mayTrim: fc.boolean(),
    fastZero: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("trim" as const), ...range, fua }),
  fc.record({ kind: fc.constant("extents" as const), ...range, requestOne: fc.boolean() }),
  fc.record({ kind: fc.constant("cache" as const), ...range }),
  fc.record({ kind: fc.constant("flush" as const), ...range }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Random requests, short enough to be read when they fail. */
export const steps: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 1, maxLength: 25 });

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
  const { at, length } = asked;
  const offset = model.window.start + BigInt(at);
  const forced = "fua" in asked && asked.fua && disk.canFua;
  if (asked.kind === "read") await model.check(disk, at, length);
  if (asked.kind === "extents") await allExtents(disk, { start: offset, length }, asked.requestOne);
  if (asked.kind === "cache" && disk.canCache) await disk.cache(offset, length);
  if (asked.kind === "flush" && disk.canFlush) await disk.flush();
  if (asked.kind === "write" && disk.canWrite) {
    const bytes = pattern(length, asked.seed);
    await disk.write(bytes, offset, forced);
    model.write(bytes, at);
  }
  if (asked.kind === "trim" && disk.canTrim) {
    await disk.trim(offset, length, forced);
    model.trim(at, length);
  }
  if (asked.kind === "zero" && disk.canZero) {
    if (await zeroes(disk, offset, length, { ...asked, fua: forced })) model.zero(at, length);
  }
}
