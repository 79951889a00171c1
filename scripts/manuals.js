// Writes the manual pages and the bash completions into dist/. Runs after tsc. The source is the option
// declarations that the commands themselves use.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { manuals } from "../dist/cli/manual/index.js";

for (const [path, text] of Object.entries(manuals())) {
  mkdirSync(dirname(`dist/${path}`), { recursive: true });
  writeFileSync(`dist/${path}`, text);
}
