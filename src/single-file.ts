/**
 * The entry point of the single executable. The bundles are assets of the executable; each becomes a module
 * when another bundle first requires it. Every other name goes to Node's own `require`: built-in modules, and
 * modules of the user.
 */
import Module from "node:module";
import { basename } from "node:path";
import { getAsset } from "node:sea";

/** `_compile` is an internal method of Node's modules, which @types/node leaves out. */
type OpenModule = Module & { _compile(code: string, path: string): void };

const modules = new Map<string, OpenModule>();

// The name of the link selects the command: `nbd` runs nbd, every other name runs nbdkit.
requireBundle(basename(process.argv0) === "nbd" ? "./nbd.cjs" : "./nbdkit.cjs");

function requireBundle(name: string): unknown {
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const module = new Module(process.execPath) as OpenModule;
  modules.set(name, module);
  const requireOther = module.require.bind(module);
  module.require = ((id: string) =>
    id.startsWith("./") ? requireBundle(id) : requireOther(id)) as typeof module.require;
  module._compile(getAsset(`bundle/${basename(name)}`, "utf8"), process.execPath);
  return module.exports;
}
