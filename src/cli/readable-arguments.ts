import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { NbdError } from "../core/errors.ts";

/** Node.js replaces bytes that are not UTF-8 with this character, which would silently change a path. */
const replacement = "\uFFFD";

/** @throws NbdError EILSEQ when an argument is not UTF-8 */
export function checkReadable(args: readonly string[]): void {
  const damaged = args.find((argument) => argument.includes(replacement));
  if (damaged === undefined || wereTyped()) return;
  throw new NbdError(
    "EILSEQ",
    `"${damaged}" is not UTF-8, which Node.js requires for arguments: rename the file or link to it`,
  );
}

/**
 * The user may have typed the replacement character itself. On Linux, /proc/self/cmdline has the original
 * bytes.
 */
function wereTyped(): boolean {
  return process.platform === "linux" && isUtf8(readFileSync("/proc/self/cmdline"));
}
