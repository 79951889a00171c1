import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getAsset, getRawAsset } from "node:sea";
import { getEnvironmentData, setEnvironmentData, Worker, type WorkerOptions } from "node:worker_threads";
import { messageOf } from "../core/errors.ts";

// The functions of package.ts for the single executable, which contains all parts as assets
// (scripts/single-file.js).

/** Key of the environment data that shares the path of the loaded addon with all threads. */
const addonPath = "nbdkit-node: path of the addon";

export function commandPath(): string {
  return process.execPath;
}

/**
 * Loads the addon from a temporary copy, because the system loads libraries only from files. The copy is
 * removed at once. Another thread loads the library by the same path, which the system finds among its loaded
 * libraries.
 */
export function openAddon(): unknown {
  const known = getEnvironmentData(addonPath);
  if (typeof known === "string") return loadAddon(known);
  try {
    return loadCopy();
  } catch (error) {
    throw new Error(
      `cannot load the addon from ${tmpdir()}: ${messageOf(error)}: ` +
        "set TMPDIR to a writable folder that is not mounted with noexec",
      { cause: error },
    );
  }
}

export function startWorker(options: WorkerOptions): Worker {
  return new Worker(getAsset("bundle/worker.cjs", "utf8"), { ...options, eval: true });
}

/**
 * Starts this program again. In a single executable, `argv[1]` is the path of the executable, so the
 * arguments begin at 2.
 */
export function startCopy(options: SpawnOptions): ChildProcess {
  return spawn(process.execPath, process.argv.slice(2), { ...options, argv0: "nbdkit" });
}

/**
 * Starts the guardian from a temporary copy, removed at once: the kernel has opened it when `spawn` returns.
 * Linux only.
 */
export function spawnGuardian(args: readonly string[], options: SpawnOptions): ChildProcess | undefined {
  return withCopy("guardian", "nbdkit-guardian", (path) => spawn(path, args, options));
}

export function importModule(url: string): Promise<unknown> {
  return import(url);
}

export function templateFiles(name: string): readonly (readonly [name: string, text: string])[] {
  return JSON.parse(getAsset(`templates/${name}`, "utf8"));
}

function loadCopy(): unknown {
  return withCopy("addon", "nbdkit-node.node", (path) => {
    const addon = loadAddon(path);
    setEnvironmentData(addonPath, path);
    return addon;
  });
}

/** Writes an asset to a temporary file, which exists only during the call of `use`. */
function withCopy<T>(asset: string, name: string, use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "nbdkit-"));
  try {
    const path = join(folder, name);
    writeFileSync(path, new Uint8Array(getRawAsset(asset) as ArrayBuffer), { mode: 0o700 });
    return use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function loadAddon(path: string): unknown {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}
