import { describe, it } from "vitest";
import { expectNothingLeft, sweptModes, sweptSignals } from "../helpers/signal-sweep.ts";

/**
 * `LOAD_SIGNALS=1 npx vitest run --config test/vitest.config.ts test/load/start-signals` sends a signal at
 * every millisecond.
 */
const stepMs = Number(process.env.LOAD_SIGNALS ?? 0);

/** A start takes about 100 ms on an idle machine. */
const startMs = 200;

describe
  .skipIf(!stepMs || process.platform !== "linux")
  .concurrent(`a signal at every ${stepMs} ms of the start (skipped without LOAD_SIGNALS)`, () => {
    it.for(Object.keys(sweptModes).flatMap((mode) => sweptSignals.map((signal) => [mode, signal] as const)))(
      "leaves no process and no file behind: %s, %s",
      { timeout: 3_600_000 },
      async ([mode, signal]) => {
        for (let delayMs = 0; delayMs < startMs; delayMs += stepMs)
          await expectNothingLeft(mode, signal, delayMs).catch((error) => {
            throw new Error(`${signal} after ${delayMs} ms: ${error.message}`, { cause: error });
          });
      },
    );
  });
