import { fullPath } from "../contract/path.ts";

/** The environment variables that os.tmpdir() reads. */
const variables = ["TMPDIR", "TMP", "TEMP"] as const;

/**
 * Makes the path of the temporary folder absolute in the environment of this process and its children,
 * because a server in the background changes its working directory to "/". Call this before that change.
 */
export function fixTemporaryFolder(): void {
  for (const variable of variables) {
    const folder = process.env[variable];
    if (folder) process.env[variable] = fullPath(folder);
  }
}
