import { codeOf } from "../core/errors.ts";

/** Whether an error means that the system never supports the operation, and not that it failed this time. */
export function isNotSupported(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ENOTSUP" || code === "EOPNOTSUPP";
}
