import { write } from "node:fs";
import { promisify } from "node:util";
import { naming } from "./naming.ts";

/** Shows the progress of a copy. */
export interface ProgressDisplay {
  /** `done` and `total` are bytes. */
  show(done: bigint, total: bigint): void;
  /** Waits until all progress lines are written. @throws NbdError that names the descriptor */
  shown(): Promise<void>;
}

/** @param where a file descriptor for lines such as "42/100", or "bar" for a progress bar on stderr */
export function progressTo(where: number | "bar" | undefined): ProgressDisplay {
  const draw = where === undefined ? undefined : where === "bar" ? drawBar : lineWriter(where);
  let last = -1;
  let pending: Promise<void> = Promise.resolve();
  return {
    show: (done, total) => {
      const percent = total === 0n ? 100 : Number((100n * done) / total);
      if (draw === undefined || percent === last) return;
      last = percent;
      pending = pending.then(() => draw(percent));
      // shown() reports the error.
      pending.catch(() => {});
    },
    shown: () => pending,
  };
}

const writeAsync = promisify(write);

/** Writes on the thread pool: a blocked write must not block the event loop, which handles signals. */
function lineWriter(fd: number): (percent: number) => Promise<void> {
  return async (percent) => {
    await naming(`--progress=${fd}`, "write", () => writeAsync(fd, `${percent}/100\n`));
  };
}

const barWidth = 50;

function drawBar(percent: number): void {
  const filled = Math.round((barWidth * percent) / 100);
  const bar = `${"#".repeat(filled)}${"-".repeat(barWidth - filled)}`;
  process.stderr.write(`\r${String(percent).padStart(3)}% [${bar}]${percent === 100 ? "\n" : ""}`);
}
