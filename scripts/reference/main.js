// Writes docs/reference/*.md from the JSDoc of the package's exports. With --check it reports comments that
// are missing and pages that are out of date. Runs after tsc. Each export and each of its members needs a
// comment.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { entryPoints, readExports } from "./exports.js";
import { gapsOf, pageOf } from "./page.js";

const check = process.argv.includes("--check");
const problems = [];
mkdirSync("docs/reference", { recursive: true });
for (const entry of entryPoints) {
  const exports = readExports(entry);
  problems.push(...gapsOf(entry, exports));
  const path = `docs/reference/${entry.page}.md`;
  const page = pageOf(entry, exports);
  if (!check) writeFileSync(path, page);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== page)
    problems.push(`${path} is out of date: run "npm run reference"`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
