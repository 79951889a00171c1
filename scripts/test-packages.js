// Tests what is made for users, as they install it: the npm tarball, the Debian package and the single executable, first
// with tests of the suite, and with --root then in a root of Debian's without a compiler, which debootstrap makes.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { testInRoot } from "./test-in-root.js";

/** Starting, serving and ending, files, and the client. */
const tests = [
  "test/server/captive.test.ts",
  "test/server/exit-with-parent.test.ts",
  "test/plugins/file.test.ts",
  "test/cli/nbd/info.test.ts",
];

/** What only the launcher can do, which the single executable does without: docs/install.md. */
const needsLauncher = "gets the descriptors that we were given";

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
  // What it depends on comes from this clone, because a version that is not published yet has to work too.
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
