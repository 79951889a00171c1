// Bundles the two commands into CommonJS files: one for the code that always runs, and one for each dynamic
// import. Loading tens of small ES modules takes longer than the rest of a start (0.25 ms each, and 5 ms for
// the ES module loader), and scripts start nbdkit often. A dynamic import has its own file, so that --version
// need not compile the server. The library in dist/ stays as tsc wrote it.
//
// The files share no module state: a module that two of them import is in both. So state is passed as
// arguments, and errors are distinguished by their code, not by their class.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { build } from "esbuild";

const commands = { nbdkit: "src/bin.ts", nbd: "src/nbd.ts", worker: "src/worker.ts" };

/** esbuild's options that convert the sources to CommonJS. */
export const intoCommonJs = {
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  // A CommonJS file has no import.meta. This is the equivalent.
  define: { "import.meta.url": "importMetaUrl" },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  minify: true,
  logLevel: "warning",
};

/**
 * Writes the bundles into a folder. @param plugins of esbuild, which may replace a source file by another one
 */
export async function writeBundles(outdir, plugins = []) {
  /** From the path of a source file to the name of its bundle. */
  const found = new Map(Object.entries(commands).map(([name, source]) => [resolve(source), name]));
  /** Each round can find more dynamic imports for the next round. */
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

/** Bundles are CommonJS and need no ES module loader. Users' plugins can be either, so they are imported. */
function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    text.replace(/\bimport\(("\.\/[^"]+\.cjs")\)/g, "Promise.resolve().then(()=>require($1))"),
  );
}
