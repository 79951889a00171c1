import { getSystemErrorMap } from "node:util";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";

/** Describes a failed system call in nbdkit's words: "realpath: /nonexist: No such file or directory". */
export function failure(call: string, subject: string, error: unknown): NbdError {
  return new NbdError(codeOf(error), `${call}: ${subject}: ${reasonOf(error)}`, {
    cause: error,
    retold: true,
  });
}

function reasonOf(error: unknown): string {
  const number = typeof error === "object" && error !== null && "errno" in error ? error.errno : undefined;
  // errno numbers are positive in errors of the addon and negative in errors of Node.
  const reason = typeof number === "number" ? getSystemErrorMap().get(-Math.abs(number))?.[1] : undefined;
  if (reason === undefined) return messageOf(error);
  return reason.charAt(0).toUpperCase() + reason.slice(1);
}
