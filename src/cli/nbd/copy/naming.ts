import { codeOf, messageOf, NbdError } from "../../../core/errors.ts";

/**
 * Returns the error of a failed system call with the name of the file: Node.js and the addon name only the
 * call.
 * @param what "write of 4096 bytes at 0"
 */
export function fileError(name: string, what: string, error: unknown): NbdError {
  const [code, message] = [codeOf(error), messageOf(error)];
  const reason = message.includes(code) ? message : `${code}: ${message}`;
  return new NbdError(code, `${name}: ${what} failed: ${reason}`, { cause: error });
}

/** Runs an operation on a file. @throws NbdError that names the file */
export async function naming<T>(name: string, what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw fileError(name, what, error);
  }
}
