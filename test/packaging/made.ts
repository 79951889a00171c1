import { readFileSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { packageRoot } from "../../src/core/package-root.ts";
import { Folder } from "../helpers/folder.ts";
import { succeed } from "../helpers/run.ts";
import { toolPath } from "../helpers/tools.ts";

export const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as {
  readonly version: string;
};

/**
 * Packs the npm tarball of this package into a folder. It does not build, because other tests use the build
 * output.
 */
export async function makeTarball(folder: string): Promise<string> {
  const args = ["pack", "--ignore-scripts", "--silent", `--pack-destination=${folder}`];
  const name = await succeed("npm", args, { cwd: packageRoot() });
  return join(folder, basename(name.trim()));
}

/** Runs a script of scripts/ in the same way as a release. */
export function script(name: string, ...args: string[]): Promise<string> {
  const env = { SOURCE_DATE_EPOCH: "1767225600" };
  return succeed(process.execPath, [join("scripts", name), ...args], { cwd: packageRoot(), env });
}

/** A folder for PATH that contains only a few programs: no compiler, no make, no Python. */
export function bareTools(...more: string[]): Folder {
  const folder = new Folder();
  for (const name of ["sh", "cat", "cmp", "env", "head", "readlink", "uname", ...more])
    symlinkSync(toolPath(name)!, folder.join(name));
  return folder;
}
