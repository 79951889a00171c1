// Builds the single executable: Node.js with the two commands, the addon and the templates inside.
// Usage: node scripts/single-file.js OUTPUT
//
// It is a copy of the Node.js that runs this script, so it runs on the same systems as that Node.js.
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { inject } from "postject";
import { intoCommonJs, writeBundles } from "./bundles.js";

/** The name under which Node.js looks for injected data, and the marker in the executable that enables it. */
const resource = "NODE_SEA_BLOB";
const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

const partsInside = {
  name: "the parts of the package are inside the executable",
  setup({ onResolve }) {
    onResolve({ filter: /\/installation\/package\.ts$/ }, () => ({
      path: resolve("src/installation/single-file.ts"),
    }));
  },
};

const output = process.argv[2];
if (output === undefined) throw new Error("usage: node scripts/single-file.js OUTPUT");

const folder = mkdtempSync(join(tmpdir(), "nbdkit-node-single-file-"));
try {
  await makeExecutable(folder, resolve(output));
} finally {
  rmSync(folder, { recursive: true });
}

async function makeExecutable(folder, path) {
  const blob = await makeBlob(folder);
  const made = join(folder, "nbdkit");
  copyFileSync(process.execPath, made);
  // Debug symbols are a tenth of the file.
  execFileSync("strip", [made]);
  await injectQuietly(made, readFileSync(blob));
  // Rename the file, because the old one may be running. Copy first, because the folder may be on another
  // disk.
  copyFileSync(made, `${path}.new`);
  renameSync(`${path}.new`, path);
}

/** postject warns about section names, which "strip" has removed. */
async function injectQuietly(path, bytes) {
  const { warn } = console;
  console.warn = () => {};
  try {
    await inject(path, resource, bytes, { sentinelFuse: fuse });
  } finally {
    console.warn = warn;
  }
}

async function makeBlob(folder) {
  const bundles = join(folder, "bundle");
  await writeBundles(bundles, [partsInside]);
  await build({ ...intoCommonJs, entryPoints: ["src/single-file.ts"], outdir: folder });
  writeFileSync(join(folder, "plugin.json"), JSON.stringify(filesOf("templates/plugin")));
  // Paths become part of the output, so they must not depend on this machine.
  const config = {
    main: "single-file.cjs",
    output: "blob",
    disableExperimentalSEAWarning: true,
    assets: {
      addon: addon(),
      guardian: guardian(),
      "templates/plugin": "plugin.json",
      ...Object.fromEntries(readdirSync(bundles).map((name) => [`bundle/${name}`, `bundle/${name}`])),
    },
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const options = { cwd: folder, stdio: ["ignore", "ignore", "inherit"] };
  execFileSync(process.execPath, ["--experimental-sea-config", "config.json"], options);
  return join(folder, config.output);
}

/** The path of the addon for this system. */
function addon() {
  const folder = `prebuilds/${process.platform}-${process.arch}`;
  const name = readdirSync(folder).find((file) => /^nbdkit-node(\.glibc)?\.node$/.test(file));
  if (name === undefined) throw new Error(`${folder} has no addon for this system`);
  return resolve(folder, name);
}

/**
 * The path of the guardian. As in a package, the output of `npm run build:native` has precedence over the
 * shipped file.
 */
function guardian() {
  const folders = ["build/Release", `prebuilds/${process.platform}-${process.arch}`];
  const path = folders.map((folder) => resolve(folder, "nbdkit-guardian")).find((path) => existsSync(path));
  if (path === undefined) throw new Error(`${folders[1]} has no guardian for this system`);
  return path;
}

function filesOf(folder) {
  return readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]);
}
