// Writes docs/reference/*.md from the JSDoc of the package's exports, or with --check says what is missing or out of
// date (after tsc). A comment belongs to each export and to each of its members.
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
