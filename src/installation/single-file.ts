import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getAsset, getRawAsset } from "node:sea";
import { getEnvironmentData, setEnvironmentData, Worker, type WorkerOptions } from "node:worker_threads";
import { messageOf } from "../core/errors.ts";

// What package.ts does, in the single executable: the parts are inside it. Its assets are named in scripts/single-file.js.

/** All threads know by this where the addon was when it was loaded. */
const addonPath = "nbdkit-node: path of the addon";

export function commandPath(): string {
  return process.execPath;
}

/**
 * The system loads libraries only from files. The copy for it is removed at once; another thread finds what is loaded
 * already by its name.
 */
export function openAddon(): unknown {
  const known = getEnvironmentData(addonPath);
  if (typeof known === "string") return loadAddon(known);
  try {
    return loadCopy();
  } catch (error) {
    throw new Error(
      `cannot load the addon from ${tmpdir()}: ${messageOf(error)}: ` +
        "set TMPDIR to a folder that can be written to, and that is not mounted with noexec",
      { cause: error },
    );
  }
}

export function startWorker(options: WorkerOptions): Worker {
  return new Worker(getAsset("bundle/worker.cjs", "utf8"), { ...options, eval: true });
}

/** Node puts a second copy of its own path where the name of the script is otherwise. */
export function startCopy(options: SpawnOptions): ChildProcess {
  return spawn(process.execPath, process.argv.slice(2), { ...options, argv0: "nbdkit" });
}

/** From a copy that is removed at once: the system has opened it when `spawn` returns. The executable is for Linux alone. */
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

/** Writes an asset to a file of this name for as long as the use of it takes. */
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
