import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker, type WorkerOptions } from "node:worker_threads";
import load from "node-gyp-build";
import { messageOf, NbdError } from "../core/errors.ts";
import { packageRoot } from "../core/package-root.ts";

// Locates and starts the parts of this package in an installed folder. For the single executable,
// scripts/single-file.js replaces this module by single-file.ts; no other module depends on the difference.

/** The path of the command `nbdkit`, for --dump-config. */
export function commandPath(): string {
  return join(packageRoot(), "bin", "nbdkit");
}

/**
 * Loads the addon for this system: the local build of `npm run build:native`, else the prebuilt one.
 * @throws NbdError with one line that names the missing or broken file, and the remedy
 */
export function openAddon(): unknown {
  try {
    return load(packageRoot());
  } catch (error) {
    const remedy = `run "npm run build:native" in ${packageRoot()}, which needs a C++20 compiler, make and Python 3`;
    throw new NbdError("ENOENT", `${whatIsWrong(error)}: ${remedy}`, { cause: error, retold: true });
  }
}

function whatIsWrong(error: unknown): string {
  const system = `${process.platform}-${process.arch}`;
  let file: string;
  try {
    file = load.resolve(packageRoot());
  } catch {
    return `there is no addon for ${system} in ${packageRoot()}/prebuilds`;
  }
  return `the addon ${file} does not load on this ${system} (${messageOf(error)})`;
}

/** Starts a worker thread that serves migrated connections (src/worker.ts). */
export function startWorker(options: WorkerOptions): Worker {
  return new Worker(join(packageRoot(), "dist", "bundle", "worker.cjs"), options);
}

/** Starts this program again with the same arguments. */
export function startCopy(options: SpawnOptions): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], options);
}

/**
 * Starts the guardian (native/guardian): the local build of `npm run build:native`, else the prebuilt one.
 * @returns undefined when there is no guardian for this system
 */
export function spawnGuardian(args: readonly string[], options: SpawnOptions): ChildProcess | undefined {
  const folders = ["build/Release", `prebuilds/${process.platform}-${process.arch}`];
  const paths = folders.map((folder) => join(packageRoot(), folder, "nbdkit-guardian"));
  const path = paths.find((path) => existsSync(path));
  return path === undefined ? undefined : spawn(path, args, options);
}

/** Imports a module of the user, in any format that Node supports. @param url a `file:` URL */
export function importModule(url: string): Promise<unknown> {
  return import(url);
}

/** Name and text of each file in a folder of `templates/`. */
export function templateFiles(name: string): readonly (readonly [name: string, text: string])[] {
  const folder = join(packageRoot(), "templates", name);
  return readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")] as const);
}
