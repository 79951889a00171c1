import { accessSync, closeSync, constants, openSync, readSync } from "node:fs";
import { failure } from "../contract/failure.ts";
import { NbdError } from "../core/errors.ts";

/**
 * Checks that a path that is no module is an executable script.
 *
 * @throws NbdError with one line that says why it is no script or cannot run
 */
export function checkScript(name: string, path: string): void {
  if (!/^#!/.test(beginning(name, path))) {
    throw new NbdError(
      "EINVAL",
      `cannot open plugin '${name}': ${path} is neither a JavaScript module (.js, .mjs, .cjs) nor a script that begins with #!`,
    );
  }
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    throw new NbdError("EACCES", `cannot open plugin '${name}': ${path} is not executable: use chmod +x`, {
      cause: error,
      retold: true,
    });
  }
}

function beginning(name: string, path: string): string {
  try {
    const fd = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(2);
      return bytes.toString("latin1", 0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const { code, message } = failure("open", path, error);
    throw new NbdError(code, `cannot open plugin '${name}': ${message}`, { cause: error, retold: true });
  }
}
