import { type ChildProcess, spawn } from "node:child_process";
import { NbdError } from "../../core/errors.ts";

/**
 * The output of a script from byte `from` on. The script is killed when the consumer stops the iteration.
 * @param stdin "ignore" where stdin is the connection of a client (-s)
 * @param sliced the consumer needs only a part. A failure of the script is then ignored: an endless script
 * always fails when its output is closed.
 */
export async function* scriptChunks(
  script: string,
  stdin: "inherit" | "ignore",
  from: bigint,
  sliced: boolean,
): AsyncGenerator<Buffer> {
  // `detached` makes a process group, so that `stop` kills the script with all processes that it started.
  const child = spawn("/bin/sh", ["-c", script], { stdio: [stdin, "pipe", "inherit"], detached: true });
  const ended = endOf(child);
  let finished = false;
  try {
    let skip = from;
    // Keep stdout open until the script is killed, so that the script prints no error about a closed pipe.
    // A stream without an encoding yields buffers.
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

/**
 * Resolves with the reason of a failure, or with undefined on success. Rejects when the script cannot start.
 */
function endOf(child: ChildProcess): Promise<string | undefined> {
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      if (status === 0) resolve(undefined);
      else resolve(status === null ? `killed by ${signal}` : `exit status ${status}`);
    });
  });
  // Prevent an unhandled rejection: the caller may await the promise later.
  ended.catch(() => {});
  return ended;
}

function stop({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // The script has already exited.
  }
}
