import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "vitest";

/** The path of a program, as a shell would find it. */
export function toolPath(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Perhaps in the next folder.
    }
  }
  return undefined;
}

export function hasTool(name: string): boolean {
  return toolPath(name) !== undefined;
}

/** A `describe` that is skipped, with the reason in its title, where one of the programs is not installed. */
export function describeWith(tools: string[], title: string, body: () => void): void {
  const missing = tools.filter((tool) => !hasTool(tool));
  describe.skipIf(missing.length > 0)(
    missing.length === 0 ? title : `${title} (skipped: needs ${missing.join(", ")})`,
    body,
  );
}
