import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The Debian release whose packages the addon is built with. */
const distribution = "bookworm";

/** The main job of each package. sh runs it with the programs of a minimal system. */
const mainJob = `
set -e
cd /tmp
test "$(nbdkit memory 1M --run 'nbd info --size "$uri"')" = 1048576
head -c 65536 /dev/urandom >disk
nbdkit -r file disk --run 'nbd copy "$uri" copy'
cmp disk copy
# When the parent is killed, the server ends and removes its socket.
sh -c 'nbdkit --exit-with-parent -U socket -P pid null & until test -s pid; do sleep 0.1; done; kill -9 $$' || true
while kill -0 "$(cat pid)" 2>/dev/null; do sleep 0.1; done
test ! -e socket
rm disk copy pid
`;

/**
 * Installs each package in a root made by debootstrap, without a compiler and without Python, runs its main
 * job, removes the package, and checks which files are left.
 */
export function testInRoot({ npm, debian, single }, work) {
  if (process.getuid() !== 0) throw new Error("--root: only root can install there");
  const root = join(work, "root");
  run("debootstrap", "--variant=minbase", distribution, root);
  const inRoot = (script) => execFileSync("chroot", [root, "/bin/sh", "-c", script], { encoding: "utf8" });
  inRoot("for name in cc gcc g++ make python3; do if command -v $name; then exit 1; fi; done");

  check(inRoot, "the single executable", {
    install: () => copyInto(join(root, "usr/local/bin"), single, ["nbdkit", "nbd"]),
    remove: "rm /usr/local/bin/nbdkit /usr/local/bin/nbd",
  });

  installNode(root, work, inRoot);
  check(inRoot, "the Debian package", {
    install: () => {
      cpSync(debian, join(root, "nbdkit-node.deb"));
      inRoot("dpkg -i /nbdkit-node.deb && rm /nbdkit-node.deb");
    },
    remove: "dpkg -P nbdkit-node",
  });
  check(inRoot, "the npm tarball", {
    install: () => {
      cpSync(join(npm, "node_modules"), join(root, "usr/local/lib/node_modules"), { recursive: true });
      inRoot(
        "for name in nbd nbdkit; do ln -s ../lib/node_modules/nbdkit-node/bin/$name /usr/local/bin/; done",
      );
    },
    remove: "rm -r /usr/local/lib/node_modules /usr/local/bin/nbd /usr/local/bin/nbdkit",
  });
}

function check(inRoot, what, { install, remove }) {
  const before = filesOf(inRoot);
  install();
  inRoot(mainJob);
  inRoot(remove);
  const left = filesOf(inRoot).filter((name) => !before.includes(name));
  if (left.length > 0) throw new Error(`${what} has left: ${left.join(" ")}`);
  console.log(`${what}, in a root of its own: installed, used, removed, nothing left`);
}

/** All files except the logs and the state of the package manager. */
function filesOf(inRoot) {
  const list = inRoot(
    "find / -xdev -not -path '/var/log/*' -not -path '/var/cache/*' -not -path '/var/lib/dpkg/*'",
  );
  return list.split("\n");
}

/** Packs the Node.js of this machine as a Debian package, because this Debian release has no Node.js 20. */
function installNode(root, work, inRoot) {
  const folder = join(work, "nodejs");
  mkdirSync(join(folder, "DEBIAN"), { recursive: true });
  mkdirSync(join(folder, "usr/bin"), { recursive: true });
  cpSync(process.execPath, join(folder, "usr/bin/node"));
  const control = {
    Package: "nodejs",
    Version: process.versions.node,
    Architecture: "amd64",
    Maintainer: "test <test@localhost>",
    Depends: "libc6, libstdc++6",
    Description: "the Node.js of the machine that tests",
  };
  const fields = Object.entries(control).map(([name, value]) => `${name}: ${value}\n`);
  writeFileSync(join(folder, "DEBIAN/control"), fields.join(""));
  run("dpkg-deb", "-Znone", "--build", folder, join(root, "nodejs.deb"));
  inRoot("dpkg -i /nodejs.deb && rm /nodejs.deb");
}

function copyInto(folder, from, names) {
  for (const name of names) cpSync(join(from, name), join(folder, name), { verbatimSymlinks: true });
}

function run(program, ...args) {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "inherit"] });
}
