import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fullPath } from "../contract/path.ts";
import { messageOf, NbdError } from "../core/errors.ts";

/** The limit of nested files. Without a limit, a file that names itself would recurse forever. */
const depthMax = 16;

/**
 * Yields the parameters of a command line. Each @PATH is replaced by the lines of that file, one parameter
 * per line (nbdkit(1), "@PATH"). Empty lines and lines that begin with # are skipped. Relative paths in a
 * file are relative to the folder of the file.
 * @param folders the folder of the file that contains the parameters; empty for the current directory
 * @throws NbdError ENOENT when a file cannot be read; ELOOP when files are nested too deeply
 */
export function* expandFiles(
  parameters: readonly string[],
  folders: readonly string[] = [],
  depth = 0,
): Generator<string, void, undefined> {
  for (const parameter of parameters) {
    // The slash is required, because some plugins accept bare values that begin with "@"
    // (nbdkit-data-plugin(1)).
    if (!parameter.startsWith("@") || !parameter.includes("/")) {
      yield parameter;
      continue;
    }
    const path = fullPath(parameter.slice(1), ...folders);
    if (depth === depthMax) {
      throw new NbdError("ELOOP", `${parameter}: more than ${depthMax} files are nested: ${path}`);
    }
    yield* expandFiles(linesOf(path), [dirname(path)], depth + 1);
  }
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => !/^\s*(#|$)/.test(line));
  } catch (error) {
    throw new NbdError("ENOENT", `@${path}: ${messageOf(error)}`, { cause: error });
  }
}
