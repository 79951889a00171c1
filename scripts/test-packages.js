// Tests the packages as users install them: the npm tarball, the Debian package and the single executable.
// Runs tests of the suite. With --root it also tests in a Debian root without a compiler, made by
// debootstrap.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { testInRoot } from "./test-in-root.js";

/** Tests that start, serve and end servers, use files, and use the client. */
const tests = [
  "test/server/captive.test.ts",
  "test/server/exit-with-parent.test.ts",
  "test/plugins/file.test.ts",
  "test/cli/nbd/info.test.ts",
];

/** A test that needs the launcher. The single executable has no launcher: docs/install.md. */
const needsLauncher = "gets the descriptors that nbdkit inherited";

const work = mkdtempSync(join(tmpdir(), "nbdkit-node-packages-"));
try {
  const made = make(work);
  test("the npm tarball", join(made.npm, "node_modules/nbdkit-node/bin"));
  test("the Debian package", join(made.unpacked, "usr/lib/nbdkit-node/bin"));
  test("the single executable", made.single, `--testNamePattern=^(?!.*${needsLauncher})`);
  if (process.argv.includes("--root")) testInRoot(made, work);
} finally {
  rmSync(work, { recursive: true });
}

function make(folder) {
  const [npm, unpacked, single] = ["npm", "unpacked", "single/bin"].map((name) => join(folder, name));
  run("npm", "pack", "--ignore-scripts", "--silent", `--pack-destination=${folder}`);
  const tarball = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith(".tgz")),
  );
  // The dependencies come from this clone, so that a version that is not published yet works too.
  const dependencies = ["node-gyp-build", "node-addon-api"].map((name) => resolve("node_modules", name));
  const options = ["--offline", "--ignore-scripts", "--install-links", "--no-audit", "--no-fund"];
  mkdirSync(npm);
  run("npm", "install", ...options, "--prefix", npm, tarball, ...dependencies);

  run("node", "scripts/debian.js", tarball, folder);
  const debian = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith(".deb")),
  );
  run("dpkg-deb", "-x", debian, unpacked);

  mkdirSync(single, { recursive: true });
  run("node", "scripts/single-file.js", join(single, "nbdkit"));
  symlinkSync("nbdkit", join(single, "nbd"));
  return { npm, debian, unpacked, single };
}

function test(what, bin, ...options) {
  console.log(`\n${what}:`);
  const vitest = [
    "vitest",
    "run",
    "--config",
    "test/vitest.config.ts",
    "--reporter=dot",
    ...options,
    ...tests,
  ];
  execFileSync("npx", vitest, { stdio: "inherit", env: { ...process.env, NBDKIT_NODE_TEST_BIN: bin } });
}

function run(program, ...args) {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "inherit"] });
}
