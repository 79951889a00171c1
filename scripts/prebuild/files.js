import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Puts what was built in the place of what is shipped. */
export function replace(workspace, root, folders) {
  for (const folder of folders) {
    const from = join(workspace, "prebuilds", folder);
    const to = join(root, "prebuilds", folder);
    mkdirSync(to, { recursive: true });
    const built = readdirSync(from);
    for (const name of readdirSync(to)) if (!built.includes(name)) rmSync(join(to, name));
    // A rename, because the old one may be running.
    for (const name of built) {
      copyFileSync(join(from, name), join(to, `${name}.new`));
      renameSync(join(to, `${name}.new`), join(to, name));
    }
  }
}

/** One line for each file that is shipped and was not built so, or the other way round. */
export function different(workspace, root, folders) {
  return folders.flatMap((folder) => {
    const built = sums(join(workspace, "prebuilds", folder));
    const shipped = sums(join(root, "prebuilds", folder));
    const names = [...new Set([...built.keys(), ...shipped.keys()])].sort();
    return names
      .filter((name) => built.get(name) !== shipped.get(name))
      .map((name) => {
        const [made, is] = [built, shipped].map((all) => all.get(name) ?? "no such file");
        return `prebuilds/${folder}/${name}: the sources make ${made}, shipped is ${is}`;
      });
  });
}

function sums(folder) {
  const names = readdirSync(folder);
  return new Map(
    names.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
}
