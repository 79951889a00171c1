import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { NbdError } from "../core/errors.ts";

/** What Node puts in place of bytes that are not UTF-8, so that a path would silently become another one. */
const replacement = "\uFFFD";

/** @throws NbdError EILSEQ when arguments were lost on their way to us */
export function checkReadable(args: readonly string[]): void {
  const damaged = args.find((argument) => argument.includes(replacement));
  if (damaged === undefined || wereTyped()) return;
  throw new NbdError(
    "EILSEQ",
    `"${damaged}" is not UTF-8, which Node.js needs of arguments: rename or link to it`,
  );
}

/** Somebody may really have typed that character; Linux still has the bytes. */
function wereTyped(): boolean {
  return process.platform === "linux" && isUtf8(readFileSync("/proc/self/cmdline"));
}
