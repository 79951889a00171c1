// Builds everything that is published of a version, from a clean clone of the current commit. Fails with one
// line when the commit is not ready for a release, or when a test fails.
// Usage: npm run release -- [--test=COMMAND] [--repository=ADDRESS] --site=ADDRESS FOLDER
//
// --site is the address where the files will be published. The FreeBSD port and the Homebrew formula contain it.
// --repository is the address of the sources. The package.json of the tarball contains it, and for the hosts that
// npm knows, the registry resolves the README's relative links with it. Without it, these links lead nowhere on
// the registry's page.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writePorts } from "./ports.js";
import { whyNotReleasable } from "./release-checks.js";
import { softwareBillOfMaterials } from "./sbom.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    test: {
      type: "string",
      default: "npm test && npm run check && npm run test:packages -- --root && npm run test:newest",
    },
    site: { type: "string" },
    repository: { type: "string" },
  },
});

try {
  await release(positionals[0], values);
} catch (error) {
  console.error(`release: ${error.message}`);
  process.exitCode = 1;
}

async function release(folder, { test, site, repository }) {
  if (folder === undefined) throw new Error("FOLDER is missing: npm run release -- --site=ADDRESS FOLDER");
  if (site === undefined)
    throw new Error("--site=ADDRESS is missing: the address where the files will be published");
  const output = resolve(folder);
  if (existsSync(output)) throw new Error(`${folder} already exists: name a new folder`);
  const reason = whyNotReleasable();
  if (reason !== undefined) throw new Error(reason);

  const work = mkdtempSync(join(tmpdir(), "nbdkit-node-release-"));
  // Some tests start servers as other users, and those users need access to the clone.
  chmodSync(work, 0o755);
  const made = `${output}.new`;
  try {
    const clone = join(work, "clone");
    step(["git", "clone", "--quiet", "--no-hardlinks", process.cwd(), clone]);
    process.chdir(clone);
    step(["npm", "ci", "--prefer-offline", "--no-audit", "--no-fund"]);
    step(["/bin/sh", "-c", test]);
    mkdirSync(made, { recursive: true });
    if (repository !== undefined) nameRepository(repository);
    make(made, site);
    renameSync(made, output);
  } finally {
    process.chdir(tmpdir());
    rmSync(work, { recursive: true });
    rmSync(made, { recursive: true, force: true });
  }
}

/** Changes package.json in the temporary clone. npm derives "homepage" and "bugs" from the address. */
function nameRepository(address) {
  step(["npm", "pkg", "set", "repository.type=git", `repository.url=${address}`]);
}

function make(folder, site) {
  const { name, version } = JSON.parse(readFileSync("package.json", "utf8"));
  const seconds = Number(execFileSync("git", ["log", "-1", "--format=%ct"]));
  process.env.SOURCE_DATE_EPOCH = String(seconds);
  step(["npm", "pack", "--ignore-scripts", "--silent", `--pack-destination=${folder}`]);
  const tarball = join(folder, `${name}-${version}.tgz`);
  step(["node", "scripts/debian.js", tarball, folder]);
  step([
    "node",
    "scripts/single-file.js",
    join(folder, `nbdkit-${version}-${process.platform}-${process.arch}`),
  ]);
  writePorts(tarball, folder, { version, site, seconds });
  writeFileSync(join(folder, "sbom.cdx.json"), softwareBillOfMaterials(seconds));
  writeFileSync(join(folder, "SHA256SUMS"), sums(folder));
}

/** Writes checksums in the format of sha256sum(1). */
function sums(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1));
  return files
    .sort()
    .map(
      (name) =>
        `${createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex")}  ${name}\n`,
    )
    .join("");
}

function step([program, ...args]) {
  try {
    execFileSync(program, args, { stdio: "inherit" });
  } catch (error) {
    throw new Error(`"${[program, ...args].join(" ")}" failed: ${error.message.split("\n")[0]}`);
  }
}
