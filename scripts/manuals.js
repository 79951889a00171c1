// Writes the manual pages and the completions for bash into dist/, from the declarations that the commands
// themselves run by (after tsc).
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { manuals } from "../dist/cli/manual/index.js";

for (const [path, text] of Object.entries(manuals())) {
  mkdirSync(dirname(`dist/${path}`), { recursive: true });
  writeFileSync(`dist/${path}`, text);
}
