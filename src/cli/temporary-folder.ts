import { fullPath } from "../contract/path.ts";

/** Those that os.tmpdir() reads. */
const variables = ["TMPDIR", "TMP", "TEMP"] as const;

/**
 * Makes the folder for temporary files absolute for this process and all that it starts, since a server in the background
 * moves to "/". Call it while the working directory is still the user's.
 */
export function fixTemporaryFolder(): void {
  for (const variable of variables) {
    const folder = process.env[variable];
    if (folder) process.env[variable] = fullPath(folder);
  }
}
