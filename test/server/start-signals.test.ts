import { describe, it } from "vitest";
import { Random } from "../../src/testing/random.ts";
import { expectNothingLeft, sweptModes, sweptSignals } from "./signal-sweep.ts";

/** The moments of a start; the whole sweep is test/load/start-signals.test.ts. */
const startMs = 200;

describe
  .skipIf(process.platform !== "linux")
  .concurrent("a signal at any moment of the start (Linux)", () => {
    for (const [index, mode] of Object.keys(sweptModes).entries()) {
      it(`leaves nothing behind: ${mode}`, async () => {
        const random = new Random(index + 1);
        for (const signal of sweptSignals) await expectNothingLeft(mode, signal, random.below(startMs));
      });
    }
  });
