// Builds the Debian package from the npm tarball, without root and without network.
// Usage: node scripts/debian.js TARBALL FOLDER
//
// The package contains the commands and not the library: programs install the version of the library that
// they need with npm.
import { execFileSync } from "node:child_process";
import { lstatSync, lutimesSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { layOut } from "./debian-layout.js";
import { write } from "./files.js";

/** The revision of the packaging. Increase it when the packaging changes and the version does not. */
const debianRevision = 1;

// The installed files are readable for all users and writable only for root, whatever the umask of the build
// is.
process.umask(0o022);
const [tarball, folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: node scripts/debian.js TARBALL FOLDER");

const work = mkdtempSync(join(tmpdir(), "nbdkit-node-debian-"));
try {
  makePackage(resolve(tarball), resolve(folder), work);
} finally {
  rmSync(work, { recursive: true });
}

function makePackage(tarball, folder, work) {
  execFileSync("tar", ["-xzf", tarball, "-C", work]);
  const from = join(work, "package");
  const to = join(work, "root");
  const { version } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  const about = {
    version: `${version}-${debianRevision}`,
    // The author of the commit that the package is built from.
    maintainer: commitField("%an <%ae>"),
    seconds: Number(process.env.SOURCE_DATE_EPOCH ?? commitField("%ct")),
  };
  layOut(from, to, about);
  writeControl(to, join(work, "source"), about);
  makeTimesEqual(to, about.seconds);
  const output = join(folder, `nbdkit-node_${about.version}_amd64.deb`);
  execFileSync("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", to, output], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(about.seconds) },
  });
}

function commitField(format) {
  return execFileSync("git", ["log", "-1", `--format=${format}`], { encoding: "utf8" }).trim();
}

/** Writes the control files: the package's description, and the checksums of its files. */
function writeControl(to, source, { version, maintainer }) {
  const files = entriesOf(to).filter((name) => lstatSync(join(to, name)).isFile());
  const kibibytes = files.reduce((sum, name) => sum + Math.ceil(lstatSync(join(to, name)).size / 1024), 0);
  const addons = files.filter((name) => name.endsWith(".node")).map((name) => join(to, name));
  const control = readFileSync("packaging/debian/control.in", "utf8")
    .replace("@VERSION@", version)
    .replace("@MAINTAINER@", maintainer)
    .replace("@INSTALLED_SIZE@", String(kibibytes))
    .replace("@LIBRARIES@", librariesOf(addons, source));
  write(join(to, "DEBIAN/control"), control);
  write(join(to, "DEBIAN/md5sums"), execFileSync("md5sum", files, { cwd: to }));
}

/** The packages that contain the addon's shared libraries. @param source a stand-in for a source package */
function librariesOf(addons, source) {
  write(join(source, "debian/control"), "Source: nbdkit-node\n\nPackage: nbdkit-node\nArchitecture: any\n");
  const options = { cwd: source, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
  const answer = execFileSync("dpkg-shlibdeps", ["-O", ...addons.map((path) => `-e${path}`)], options);
  return /^shlibs:Depends=(.+)$/m.exec(answer)[1];
}

/** Sets all file times to the same value, so that the same sources give the same package. */
function makeTimesEqual(to, seconds) {
  for (const name of ["", ...entriesOf(to)]) lutimesSync(join(to, name), seconds, seconds);
}

function entriesOf(folder) {
  return readdirSync(folder, { recursive: true }).sort();
}
