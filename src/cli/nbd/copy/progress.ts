import { writeSync } from "node:fs";

/** Shows how far it is. `done` and `total` are bytes. */
export type Progress = (done: bigint, total: bigint) => void;

/** @param where a descriptor for lines such as "42/100", or "bar" for a bar on stderr */
export function progressTo(where: number | "bar" | undefined): Progress {
  if (where === undefined) return () => {};
  let shown = -1;
  return (done, total) => {
    const percent = total === 0n ? 100 : Number((100n * done) / total);
    if (percent === shown) return;
    shown = percent;
    if (where === "bar") drawBar(percent);
    else writeSync(where, `${percent}/100\n`);
  };
}

const barWidth = 50;

function drawBar(percent: number): void {
  const filled = Math.round((barWidth * percent) / 100);
  const bar = `${"#".repeat(filled)}${"-".repeat(barWidth - filled)}`;
  process.stderr.write(`\r${String(percent).padStart(3)}% [${bar}]${percent === 100 ? "\n" : ""}`);
}
