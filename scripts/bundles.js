// Bundles the two commands into CommonJS files: one for what always runs, and one for each dynamic import.
// Loading tens of small ES modules costs Node more time than all the rest of a start (0.25 ms each, and
// 5 ms for the module loader itself), and scripts start nbdkit often. A question such as --version should
// not pay for compiling the server either. The library in dist/ stays as tsc wrote it.
//
// The files share no module state: what two of them import is in both. So state lives in what is passed along, and
// errors are judged by their code, not by their class.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { build } from "esbuild";

const commands = { nbdkit: "src/bin.ts", nbd: "src/nbd.ts", worker: "src/worker.ts" };

/** How the sources become CommonJS files; for esbuild. */
export const intoCommonJs = {
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  // A CommonJS file has no import.meta; this is its equivalent.
  define: { "import.meta.url": "importMetaUrl" },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  minify: true,
  logLevel: "warning",
};

/** Writes the bundles into a folder. @param plugins of esbuild, which may put one source in the place of another */
export async function writeBundles(outdir, plugins = []) {
  /** Source file -> the name of its bundle. */
  const found = new Map(Object.entries(commands).map(([name, source]) => [resolve(source), name]));
  /** Each round may find imports for the next. */
  for (let next = [...found]; next.length > 0; ) {
    const before = found.size;
    const { outputFiles } = await build({
      ...intoCommonJs,
      entryPoints: Object.fromEntries(next.map(([source, name]) => [name, source])),
      outdir,
      plugins: [...plugins, dynamicImportsBecomeFiles(found)],
      write: false,
    });
    for (const { path, text } of outputFiles) write(path, text);
    next = [...found].slice(before);
  }
}

function dynamicImportsBecomeFiles(found) {
  return {
    name: "dynamic imports become files",
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ kind, path, resolveDir }) => {
        if (kind !== "dynamic-import") return undefined;
        const source = resolve(resolveDir, path);
        if (!found.has(source))
          found.set(source, relative("src", source).replace(/\.ts$/, "").replaceAll("/", "-"));
        return { path: `./${found.get(source)}.cjs`, external: true };
      });
    },
  };
}

/** What is bundled is CommonJS and need not wait for the loader of ES modules; plugins of users, which may be either, do. */
function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    text.replace(/\bimport\(("\.\/[^"]+\.cjs")\)/g, "Promise.resolve().then(()=>require($1))"),
  );
}
