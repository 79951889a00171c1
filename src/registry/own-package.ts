import { existsSync, readFileSync, realpathSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../core/package-root.ts";

// A plugin is one file, anywhere: with this package installed globally, there is no node_modules beside the file in which
// Node would find `nbdkit-node/plugin`. So where the usual way finds nothing, this package itself is found.

/** What a module names that needs this package, or that may do so in turn. */
const mayNeedIt = /["'](nbdkit-node|\.\.?)["'/]/;

const ownName = /^nbdkit-node(\/|$)/;

let installed = false;

/** Call it before a module of a user is imported: Node remembers what it could not find. */
export function offerOwnPackage(path: string): void {
  if (installed || !existsSync(ownManifest()) || !mayNeed(path) || isFoundFrom(path)) return;
  installed = true;
  // From Node.js 22.15 on, for `import` and `require`, and without a thread.
  if ("registerHooks" in nodeModule) registerHooks(nodeModule.registerHooks as RegisterHooks);
  else {
    // Absent before Node.js 20.6, where only `require` finds it.
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
    // Importing it will say what is wrong.
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

/** The same for `import` in older versions, which ask a thread of their own. */
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

/** The same for `require` in older versions. */
function resolveRequired(): void {
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
  const { code } = error as NodeJS.ErrnoException;
  return code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
}
