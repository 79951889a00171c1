// Writes docs/reference/*.md from the JSDoc of the package's exports and from the declarations of options and
// parameters, and renews the tables of parameters in docs/plugins.md and docs/filters. With --check it
// reports what the comments and declarations lack, and pages that are out of date. Runs after tsc.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { entryPoints, readExports } from "./exports.js";
import { optionPages } from "./options.js";
import { gapsOf, pageOf } from "./page.js";

const check = process.argv.includes("--check");
const { pages, gaps } = await optionPages();
for (const entry of entryPoints) {
  const exports = readExports(entry);
  gaps.push(...gapsOf(entry, exports));
  pages.push([`docs/reference/${entry.page}.md`, pageOf(entry, exports)]);
}
mkdirSync("docs/reference", { recursive: true });
for (const [path, page] of pages) {
  if (!check) writeFileSync(path, page);
  else if (!existsSync(path) || readFileSync(path, "utf8") !== page)
    gaps.push(`${path} is out of date: run "npm run reference"`);
}
for (const gap of gaps) console.error(gap);
process.exitCode = gaps.length > 0 ? 1 : 0;
