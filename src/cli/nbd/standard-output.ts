import { messageOf } from "../../core/errors.ts";
import { dieOf } from "./interrupt.ts";

/**
 * Prints lines on standard output.
 * @returns a promise that resolves when there is room for more, so that a slow reader makes the writer wait
 */
export function printLines(text: string): Promise<void> {
  return new Promise((resolve) => {
    if (process.stdout.write(`${text}\n`)) resolve();
    else process.stdout.once("drain", resolve);
  });
}

/** What is to happen when standard output cannot be written to. To be called once, before anything is printed. */
export function watchStandardOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // The reader has seen enough (nbd info --map URI | head): end as programs in C do, by SIGPIPE.
    if (error.code === "EPIPE") dieOf("SIGPIPE");
    process.stderr.write(`nbd: standard output: ${messageOf(error)}\n`);
    process.exit(1);
  });
}
