// Runs the fuzzer without a test runner, which would slow it down:
//   node test/fuzz/run.js --minutes=60 --seed=1 --out=findings
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildSync } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "nbdkit-node-fuzz-"));
const outfile = join(folder, "fuzz.mjs");
buildSync({
  entryPoints: [fileURLToPath(new URL("fuzz.ts", import.meta.url))],
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  // Provides `require` for the CommonJS parts of the bundle.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
  sourcemap: "inline",
  outfile,
});
const { fuzz } = await import(pathToFileURL(outfile).href);
rmSync(folder, { recursive: true });
process.exitCode = (await fuzz(process.argv.slice(2))) === 0 ? 0 : 1;
