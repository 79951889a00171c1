import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Worker, type WorkerOptions } from "node:worker_threads";
import load from "node-gyp-build";
import { messageOf, NbdError } from "../core/errors.ts";
import { packageRoot } from "../core/package-root.ts";

// Where the parts of this package are when it is a folder with files. scripts/single-file.js puts single-file.ts in
// the place of this module, and nothing else in the sources knows of the difference.

/** The path of the command `nbdkit`, as --dump-config tells it. */
export function commandPath(): string {
  return join(packageRoot(), "bin", "nbdkit");
}

/**
 * The addon for this system: what `npm run build:native` made, else the prebuilt one.
 * @throws NbdError with one line that says which file is missing or does not load, and what to do
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

/** Starts this program once more, with the same arguments. */
export function startCopy(options: SpawnOptions): ChildProcess {
  return spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], options);
}

/**
 * Starts the guardian (native/guardian.cc): what `npm run build:native` made, else the prebuilt one.
 * @returns undefined where there is none for this system
 */
export function spawnGuardian(args: readonly string[], options: SpawnOptions): ChildProcess | undefined {
  const folders = ["build/Release", `prebuilds/${process.platform}-${process.arch}`];
  const paths = folders.map((folder) => join(packageRoot(), folder, "nbdkit-guardian"));
  const path = paths.find((path) => existsSync(path));
  return path === undefined ? undefined : spawn(path, args, options);
}

/** A module of somebody else's, of whatever kind Node runs. @param url of the scheme `file:` */
export function importModule(url: string): Promise<unknown> {
  return import(url);
}

/** Name and text of each file of a folder in `templates/`. */
export function templateFiles(name: string): readonly (readonly [name: string, text: string])[] {
  const folder = join(packageRoot(), "templates", name);
  return readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")] as const);
}
