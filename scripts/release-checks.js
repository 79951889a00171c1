import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Returns the reason why this clone cannot be released, or undefined when it can. */
export function whyNotReleasable() {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  return whyDirty() ?? whyTagged(version) ?? whyUndocumented(version);
}

function whyDirty() {
  const changes = git("status", "--porcelain");
  if (changes === "") return undefined;
  const first = changes.split("\n")[0].slice(3);
  return `the tree is not clean (${first}): commit what belongs to the release, and remove the rest`;
}

/** A tag states that this commit is that version. */
function whyTagged(version) {
  const wanted = `v${version}`;
  const here = git("tag", "--points-at", "HEAD")
    .split("\n")
    .filter((tag) => /^v\d/.test(tag));
  const other = here.find((tag) => tag !== wanted);
  if (other !== undefined)
    return `the tag of this commit is ${other}, and package.json says ${version}: make them agree`;
  if (!here.includes(wanted) && git("tag", "--list", wanted) !== "")
    return `the tag ${wanted} is that of another commit: raise the version in package.json`;
  return undefined;
}

function whyUndocumented(version) {
  const sections = readFileSync("CHANGELOG.md", "utf8").split(/^## /m).slice(1);
  const textOf = (title) => {
    const section = sections.find((text) => text.split(/[\s(]/, 1)[0] === title);
    return section?.slice(section.indexOf("\n")).trim();
  };
  if (!textOf(version))
    return `CHANGELOG.md has no entry for ${version}: write what is new under "## ${version}"`;
  if (textOf("Unreleased"))
    return `CHANGELOG.md has changes under "## Unreleased": move them to "## ${version}"`;
  return undefined;
}

function git(...args) {
  return execFileSync("git", args, { encoding: "utf8" }).trimEnd();
}
