import { createHash } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

const sumsFile = "prebuilds/SHA256SUMS";

/** Replaces the shipped files by the built ones. */
export function replace(workspace, root, folders) {
  for (const folder of folders) {
    const from = join(workspace, "prebuilds", folder);
    const to = join(root, "prebuilds", folder);
    mkdirSync(to, { recursive: true });
    const built = readdirSync(from);
    for (const name of readdirSync(to)) if (!built.includes(name)) rmSync(join(to, name));
    // Rename the file, because the old one may be running.
    for (const name of built) {
      copyFileSync(join(from, name), join(to, `${name}.new`));
      renameSync(join(to, `${name}.new`), join(to, name));
    }
  }
}

/**
 * Writes the checksums of the sources and of the shipped files (`sha256sum --check` reads them). A test
 * compares the checksums and fails when one side has changed.
 */
export function writeSums(root, sources) {
  const lines = [...sources, "prebuilds"]
    .flatMap((name) => filesIn(root, name))
    .map((path) => `${sumOf(join(root, path))}  ${path}\n`);
  writeFileSync(join(root, sumsFile), lines.join(""));
}

/** One line for each shipped file that differs from the built one, or that exists on one side only. */
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
  return new Map(readdirSync(folder).map((name) => [name, sumOf(join(folder, name))]));
}

function filesIn(root, name) {
  if (!statSync(join(root, name)).isDirectory()) return [name];
  const inside = readdirSync(join(root, name)).sort();
  return inside.flatMap((entry) => filesIn(root, `${name}/${entry}`)).filter((path) => path !== sumsFile);
}

function sumOf(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}
