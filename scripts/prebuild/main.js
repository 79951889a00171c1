// Builds the shipped binaries for all systems, on Linux: prebuilds/PLATFORM-ARCH/ with the addon and the
// launcher. `npm run prebuilds` renews the files. `npm run prebuilds -- --check` checks that the sources
// produce the same files. Folder names (linux-x64) limit the build to those folders. The script is not called
// "prebuild", because npm would run that before each "build".
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildAll, sources } from "./build.js";
import { different, replace, writeSums } from "./files.js";
import { targets } from "./targets.js";
import { zigCommand } from "./zig.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values: options, positionals } = parseArgs({
  options: { check: { type: "boolean", default: false } },
  allowPositionals: true,
});
const chosen = choose(positionals);
const zig = zigCommand(root);
const workspace = mkdtempSync(join(tmpdir(), "nbdkit-node-prebuild-"));
try {
  await buildAll(root, workspace, chosen, zig);
  const folders = [...new Set(chosen.map(({ folder }) => folder))];
  if (options.check) report(different(workspace, root, folders));
  else replace(workspace, root, folders);
  if (!options.check && chosen === targets) writeSums(root, sources);
} finally {
  rmSync(workspace, { recursive: true });
}

function choose(names) {
  const known = new Set(targets.map(({ folder }) => folder));
  const wrong = names.find((name) => !known.has(name));
  if (wrong !== undefined) throw new Error(`"${wrong}" is not one of ${[...known].join(", ")}`);
  return names.length === 0 ? targets : targets.filter(({ folder }) => names.includes(folder));
}

function report(lines) {
  if (lines.length === 0) return;
  console.error([...lines, 'run "npm run prebuilds" and commit what it makes'].join("\n"));
  process.exitCode = 1;
}
