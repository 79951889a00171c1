import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { copy, link, write } from "./files.js";

const library = "usr/lib/nbdkit-node";
const prebuilds = "prebuilds/linux-x64";

/**
 * Copies the files to the places that the Filesystem Hierarchy Standard and Debian's policy require.
 * @param from the package as npm installs it
 * @param to the root of the installed files
 * @param about `version` of the Debian package, its `maintainer`, and the `seconds` of the release
 */
export function layOut(from, to, about) {
  layOutLibrary(from, to);
  for (const name of ["nbd", "nbdkit"]) {
    link(`../lib/nbdkit-node/bin/${name}`, join(to, "usr/bin", name));
    writePacked(
      join(to, `usr/share/man/man1/${name}.1.gz`),
      readFileSync(join(from, `dist/man/man1/${name}.1`)),
    );
    copy(join(from, "dist/completions", name), join(to, "usr/share/bash-completion/completions", name));
  }
  copy(join(from, "packaging/systemd"), join(to, "lib/systemd/system"));
  copy("packaging/debian/lintian-overrides", join(to, "usr/share/lintian/overrides/nbdkit-node"));
  layOutDocumentation(from, join(to, "usr/share/doc/nbdkit-node"), about);
}

/** Copies the files that the commands need. */
function layOutLibrary(from, to) {
  for (const name of ["package.json", "bin", "dist/bundle", "templates"])
    copy(join(from, name), join(to, library, name));
  for (const name of readdirSync(join(from, prebuilds)).filter((name) => !name.includes("musl"))) {
    const path = join(to, library, prebuilds, name);
    copy(join(from, prebuilds, name), path);
    // Debian's policy: shared libraries are not executable.
    if (name.endsWith(".node")) chmodSync(path, 0o644);
  }
}

function layOutDocumentation(from, to, { version, maintainer, seconds }) {
  copy(join(from, "README.md"), join(to, "README.md"));
  copy(join(from, "docs"), join(to, "docs"));
  writePacked(join(to, "changelog.gz"), readFileSync(join(from, "CHANGELOG.md")));
  const date = new Date(seconds * 1000).toUTCString().replace("GMT", "+0000");
  const entry = `nbdkit-node (${version}) unstable; urgency=medium

  * Made by the release of nbdkit-node; what is new stands in changelog.gz.

 -- ${maintainer}  ${date}
`;
  writePacked(join(to, "changelog.Debian.gz"), entry);
  const copyright = readFileSync("packaging/debian/copyright", "utf8")
    .replace("@BSD@", termsOf("LICENSE"))
    .replace("@EXPAT@", termsOf("node_modules/node-gyp-build/LICENSE"));
  write(join(to, "copyright"), copyright);
}

/**
 * The terms of a licence in the format of debian/copyright: the text after the title and the copyright line.
 */
function termsOf(path) {
  const text = readFileSync(path, "utf8").trim().split("\n\n").slice(2).join("\n\n");
  return text
    .split("\n")
    .map((line) => (line === "" ? " ." : ` ${line}`))
    .join("\n");
}

function writePacked(path, content) {
  write(path, gzipSync(content, { level: 9 }));
}
