import type { Progress } from "../core/progress.ts";

/**
 * At shutdown, the longest time in ms without progress. Only tests set the variable, to wait for less time
 * (CONTRIBUTING.md).
 */
export const stallMs: number = Number(process.env.NBDKIT_NODE_STALL_MS ?? 5000);

/** Waits for the end as long as there is progress. @returns false after {@link stallMs} without progress */
export async function endsOrStalls(end: Promise<unknown>, progress: Progress): Promise<boolean> {
  const ended = end.then((): true => true);
  for (let before: number; ; ) {
    before = progress.count;
    if (await within(stallMs, ended)) return true;
    if (progress.count === before) return false;
  }
}

async function within(milliseconds: number, ended: Promise<true>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}
