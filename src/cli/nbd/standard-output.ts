import { messageOf } from "../../core/errors.ts";
import { dieOf } from "./interrupt.ts";

/**
 * Prints lines on standard output.
 * @returns a promise that resolves when standard output accepts more bytes, so that the writer waits for a
 * slow reader
 */
export function printLines(text: string): Promise<void> {
  return new Promise((resolve) => {
    if (process.stdout.write(`${text}\n`)) resolve();
    else process.stdout.once("drain", resolve);
  });
}

/** Handles write errors of standard output. Call this once, before anything is printed. */
export function watchStandardOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // The reader closed the pipe (nbd info --map URI | head): end by SIGPIPE, as C programs do.
    if (error.code === "EPIPE") dieOf("SIGPIPE");
    process.stderr.write(`nbd: standard output: ${messageOf(error)}\n`);
    process.exit(1);
  });
}
