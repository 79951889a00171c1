import { existsSync, readFileSync, realpathSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { nodeCodeOf } from "../core/errors.ts";
import { packageRoot } from "../core/package-root.ts";

// A plugin may be one file in any folder. When this package is installed globally, there is no node_modules
// beside that file in which Node would find `nbdkit-node/plugin`. When the normal resolution finds nothing,
// these hooks therefore resolve `nbdkit-node` to this package.

/** Matches imports of this package, and relative imports, whose modules may import this package in turn. */
const mayNeedIt = /["'](nbdkit-node|\.\.?)["'/]/;

const ownName = /^nbdkit-node(\/|$)/;

let installed = false;

/**
 * Installs the hooks, if the module may need them. Call it before the first import of the module, because
 * Node caches failed resolutions.
 */
export function offerOwnPackage(path: string): void {
  if (installed || !existsSync(ownManifest()) || !mayNeed(path) || isFoundFrom(path)) return;
  installed = true;
  // Available from Node.js 22.15 on, so the types of Node.js 20 do not have it. Works for `import` and `require`, and without a thread.
  if ("registerHooks" in nodeModule) registerHooks(nodeModule.registerHooks as RegisterHooks);
  else {
    // `register` is absent before Node.js 20.6; only `require` finds this package there.
    nodeModule.register?.(hooksThread, pathToFileURL(ownManifest()), {
      data: pathToFileURL(ownManifest()).href,
    });
    resolveRequired();
  }
}

function ownManifest(): string {
  return join(packageRoot(), "package.json");
}

function ownFile(specifier: string): string {
  return nodeModule.createRequire(ownManifest()).resolve(specifier);
}

function isFoundFrom(path: string): boolean {
  for (let folder = dirname(realpathSync(path)); ; folder = dirname(folder)) {
    if (folder === packageRoot() || existsSync(join(folder, "node_modules/nbdkit-node"))) return true;
    if (folder === dirname(folder)) return false;
  }
}

function mayNeed(path: string): boolean {
  try {
    return mayNeedIt.test(readFileSync(path, "utf8"));
  } catch {
    // The import itself will report the error.
    return false;
  }
}

type Resolve<Result> = (specifier: string, context: { readonly parentURL?: string }) => Result;
type RegisterHooks = (hooks: {
  resolve(specifier: string, context: { readonly parentURL?: string }, next: Resolve<unknown>): unknown;
}) => void;

function registerHooks(register: RegisterHooks): void {
  register({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (!ownName.test(specifier) || !isNotFound(error)) throw error;
        return { url: pathToFileURL(ownFile(specifier)).href, shortCircuit: true };
      }
    },
  });
}

/** The hook for `import` in older versions, which run hooks in a separate thread. */
const hooksThread = `data:text/javascript,${encodeURIComponent(`
  let manifest;
  export function initialize(data) { manifest = data; }
  export async function resolve(specifier, context, next) {
    try {
      return await next(specifier, context);
    } catch (error) {
      if (!${ownName}.test(specifier) || error.code !== "ERR_MODULE_NOT_FOUND") throw error;
      return next(specifier, { ...context, parentURL: manifest });
    }
  }`)}`;

/** The hook for `require` in older versions. */
function resolveRequired(): void {
  // Node has no type for this function, which other packages replace in the same way.
  const loader = nodeModule.default as unknown as {
    _resolveFilename(request: string, ...rest: readonly unknown[]): string;
  };
  const usual = loader._resolveFilename;
  loader._resolveFilename = function (this: unknown, request, ...rest) {
    try {
      return usual.call(this, request, ...rest);
    } catch (error) {
      if (!ownName.test(request) || !isNotFound(error)) throw error;
      return ownFile(request);
    }
  };
}

function isNotFound(error: unknown): boolean {
  const code = nodeCodeOf(error);
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
