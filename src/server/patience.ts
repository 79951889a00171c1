import type { Progress } from "../core/progress.ts";

/** At the end, what makes no progress for so long is not waited for any longer. */
export const stallMs = 5000;

/** Waits for an end, however long there is progress towards it. @returns false when there was none for {@link stallMs} */
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
