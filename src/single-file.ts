/**
 * What the single executable runs first. The bundles are assets of it, and become modules when they are first needed.
 * Node's own modules do what is left: built-in parts, and what users bring along.
 */
import Module from "node:module";
import { basename } from "node:path";
import { getAsset } from "node:sea";

/** Where Node's modules have their inner parts, which @types/node leaves out. */
type OpenModule = Module & { _compile(code: string, path: string): void };

const modules = new Map<string, OpenModule>();

// The command that it was called as, `nbdkit` unless by a link called `nbd`.
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
