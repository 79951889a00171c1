import { readFileSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { packageRoot } from "../../src/core/package-root.ts";
import { succeed } from "../helpers/run.ts";
import { toolPath } from "../helpers/tools.ts";
import { Folder } from "../plugins/folder.ts";

export const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as {
  readonly version: string;
};

/** The npm tarball of this package, in a folder; without building it anew, because other tests use what is built. */
export async function makeTarball(folder: string): Promise<string> {
  const args = ["pack", "--ignore-scripts", "--silent", `--pack-destination=${folder}`];
  const name = await succeed("npm", args, { cwd: packageRoot() });
  return join(folder, basename(name.trim()));
}

/** Runs one of scripts/ as a release does. */
export function script(name: string, ...args: string[]): Promise<string> {
  const env = { SOURCE_DATE_EPOCH: "1767225600" };
  return succeed(process.execPath, [join("scripts", name), ...args], { cwd: packageRoot(), env });
}

/** A folder for PATH with a few programs and nothing else: no compiler, no make, no Python. */
export function bareTools(...more: string[]): Folder {
  const folder = new Folder();
  for (const name of ["sh", "cat", "cmp", "env", "head", "readlink", "uname", ...more])
    symlinkSync(toolPath(name)!, folder.join(name));
  return folder;
}
