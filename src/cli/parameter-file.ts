import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fullPath } from "../contract/path.ts";
import { messageOf, NbdError } from "../core/errors.ts";

/** Files may name each other; one that names itself would never end. */
const depthMax = 16;

/**
 * The parameters of a command line with each @PATH replaced by what that file holds, one parameter on a line
 * (nbdkit(1), "@PATH"). Lines that are empty or begin with # do not count, and relative paths in a file are relative to it.
 * @param folders the one that relative paths are relative to; none for the current directory
 * @throws NbdError when a file cannot be read
 */
export function* expandFiles(
  parameters: readonly string[],
  folders: readonly string[] = [],
  depth = 0,
): Generator<string, void, undefined> {
  for (const parameter of parameters) {
    // With a slash, because some plugins take bare values that begin with "@" (nbdkit-data-plugin(1)).
    if (!parameter.startsWith("@") || !parameter.includes("/")) {
      yield parameter;
      continue;
    }
    const path = fullPath(parameter.slice(1), ...folders);
    if (depth === depthMax) {
      throw new NbdError("ELOOP", `${parameter}: more than ${depthMax} files that name each other: ${path}`);
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
