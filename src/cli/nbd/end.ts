import { addon } from "./addon.ts";

/**
 * Ends the process when all that it printed has been taken. Node.js by itself would wait for what failed too: for a pipe
 * that is being read or opened, or for a disk.
 */
export function endNow(status: number): void {
  process.stdout.write("", () => {
    process.stderr.write("", () => {
      // process.exit() waits for the threads of the pool, whatever they wait for.
      addon()?.exitNow(status);
      process.exit(status);
    });
  });
}
