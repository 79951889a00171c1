import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "vitest";

/** Returns the path of a program, as a shell finds it. */
export function toolPath(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Try the next folder.
    }
  }
  return undefined;
}

export function hasTool(name: string): boolean {
  return toolPath(name) !== undefined;
}

/**
 * Returns a `describe` that is skipped, with the reason in its title, when one of the programs is not
 * installed.
 */
export function describeWith(tools: string[], title: string, body: () => void): void {
  describeUnless(
    tools.filter((tool) => !hasTool(tool)),
    title,
    body,
  );
}

/** The same for everything else that a system may not have: `missing` names it. */
export function describeUnless(missing: string[], title: string, body: () => void): void {
  describe.skipIf(missing.length > 0)(
    missing.length === 0 ? title : `${title} (skipped: needs ${missing.join(", ")})`,
    body,
  );
}
