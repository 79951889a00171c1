import { type ChildProcess, spawn } from "node:child_process";
import { NbdError } from "../../core/errors.ts";

/**
 * What a script prints, from `from` on. Whoever stops listening stops the script.
 * @param sliced only a part is wanted: then it may fail, as a script without end does when nobody reads it any more
 */
export async function* scriptChunks(script: string, from: bigint, sliced: boolean): AsyncGenerator<Buffer> {
  // A group of its own, so that all it started can be stopped.
  const child = spawn("/bin/sh", ["-c", script], { stdio: ["inherit", "pipe", "inherit"], detached: true });
  const ended = endOf(child);
  let finished = false;
  try {
    let skip = from;
    // Left open until the script is stopped, so that it has no reason to complain.
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const skipped = skip < BigInt(chunk.length) ? Number(skip) : chunk.length;
      skip -= BigInt(skipped);
      if (skipped < chunk.length) yield chunk.subarray(skipped);
    }
    const failed = await ended;
    finished = true;
    if (failed !== undefined && !sliced) {
      throw new NbdError("EINVAL", `<(${script}): external command failed: ${failed}`);
    }
  } finally {
    if (!finished) stop(child);
    child.stdout.destroy();
    await ended.catch(() => {});
  }
}

/** Why the script failed, if it did. */
function endOf(child: ChildProcess): Promise<string | undefined> {
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      if (status === 0) resolve(undefined);
      else resolve(status === null ? `killed by ${signal}` : `exit status ${status}`);
    });
  });
  // Whoever waits for it hears of it.
  ended.catch(() => {});
  return ended;
}

function stop({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
