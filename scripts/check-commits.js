// Checks that the subjects of new commits have at most 72 characters, because git log and most mailers cut
// off longer ones. CI runs this check. Outside of a clone there is nothing to check.
import { spawnSync } from "node:child_process";

const subjectMax = 72;

const git = (...args) => spawnSync("git", args, { encoding: "utf8" });

const { status, stdout: added } = git(
  "log",
  "--diff-filter=A",
  "--format=%H",
  "--",
  "scripts/check-commits.js",
);
const since = status === 0 ? added.trim().split("\n").at(-1) : "";
if (since) {
  const subjects = git("log", "--no-merges", "--format=%h %s", `${since}..HEAD`).stdout.split("\n");
  const long = subjects.filter((line) => line.replace(/^\w+ /, "").length > subjectMax);
  for (const line of long)
    console.error(`the subject of this commit is longer than ${subjectMax} characters: ${line}`);
  process.exitCode = long.length > 0 ? 1 : 0;
}
