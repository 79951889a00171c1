import { addon } from "./addon.ts";

/**
 * Ends the process when its output on stdout and stderr is written. Without this call, Node.js would also
 * wait for operations that are still pending after a failure: opening or reading a pipe, or I/O on a disk.
 */
export function endNow(status: number): void {
  process.stdout.write("", () => {
    process.stderr.write("", () => {
      // Not process.exit(): it waits for the threads of the thread pool, which may block forever.
      addon()?.exitNow(status);
      process.exit(status);
    });
  });
}
