import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * Writes the FreeBSD port and the Homebrew formula for a release, from the templates in packaging/.
 * @param tarball the npm tarball, which both install
 * @param folder gets `freebsd/` and `homebrew/`
 * @param about `version`; `site`, the address from which the tarball is downloaded; `seconds`, the time of
 * the release
 */
export function writePorts(tarball, folder, { version, site, seconds }) {
  const sha256 = createHash("sha256").update(readFileSync(tarball)).digest("hex");
  const facts = { VERSION: version, SITE: site, SHA256: sha256 };
  for (const system of ["freebsd", "homebrew"]) {
    mkdirSync(join(folder, system));
    for (const name of readdirSync(`packaging/${system}`)) {
      const text = readFileSync(`packaging/${system}/${name}`, "utf8");
      writeFileSync(
        join(folder, system, name),
        text.replace(/@([A-Z0-9]+)@/g, (_mark, fact) => facts[fact]),
      );
    }
  }
  const distfile = basename(tarball);
  writeFileSync(
    join(folder, "freebsd", "distinfo"),
    `TIMESTAMP = ${seconds}\nSHA256 (${distfile}) = ${sha256}\nSIZE (${distfile}) = ${statSync(tarball).size}\n`,
  );
}
