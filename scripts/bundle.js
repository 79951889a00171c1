// Bundles the two commands, each into one CommonJS file. Loading tens of small ES modules costs Node
// more time than all the rest of a start (0.25 ms each, and 5 ms for the module loader itself), and
// scripts start nbdkit often. The library in dist/ stays as tsc wrote it.
import { build } from "esbuild";

await build({
  entryPoints: { nbdkit: "src/bin.ts" },
  outdir: "dist",
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["node-gyp-build"],
  // A CommonJS file has no import.meta; this is its equivalent.
  define: { "import.meta.url": "importMetaUrl" },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: "warning",
});
