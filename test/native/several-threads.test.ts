import { copyFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { Folder } from "../helpers/folder.ts";
import { environment, run } from "../helpers/run.ts";

const require = createRequire(import.meta.url);
const addon: string = require("node-gyp-build").resolve(packageRoot());

/**
 * Loads the addon twice in each of several worker threads at the same time. The second load is another
 * instance.
 */
const inThreads = `
  const { Worker, isMainThread, workerData } = require("node:worker_threads");
  const load = (file) => {
    const module = { exports: {} };
    process.dlopen(module, file);
    return module.exports;
  };
  const use = (file) => {
    const [one, other] = [load(file), load(file)];
    const { readEnd } = one.createPipe();
    one.makeFolder(process.env.FOLDER + "/");
    try {
      other.closeDescriptor(readEnd);
    } catch ({ code }) {
      if (code !== "EBADF") throw new Error("closed a descriptor of the other instance: " + code);
    }
  };
  use(isMainThread ? process.argv[2] : workerData);
  if (isMainThread) for (let i = 0; i < 8; i++) new Worker(__filename, { workerData: process.argv[2] });
`;

it("several worker threads load the addon at the same time and leave no folders", async () => {
  using folder = new Folder();
  using folders = new Folder();
  const env = { ...environment, FOLDER: folders.path };
  const outcome = await run(process.execPath, [folder.file("threads.cjs", inThreads), addon], { env });
  expect(outcome).toEqual({ status: 0, stdout: "", stderr: "" });
  expect(readdirSync(folders.path)).toEqual([]);
});

/** Two copies of the package in one program have two addons that do not know each other. */
const twoCopies = `
  const [first, second, folder] = process.argv.slice(1);
  for (const file of [first, second]) {
    const module = { exports: {} };
    process.dlopen(module, file);
    module.exports.makeFolder(folder + "/");
  }
  process.kill(process.pid, "SIGTERM");
`;

it("a signal removes the folders of two copies of the addon", async () => {
  using folder = new Folder();
  using folders = new Folder();
  const copy = join(folder.path, "copy.node");
  copyFileSync(addon, copy);
  const words = ["-e", twoCopies, addon, copy, folders.path];
  const status = 128 + constants.signals.SIGTERM;
  expect(await run(process.execPath, words)).toEqual({ status, stdout: "", stderr: "" });
  expect(readdirSync(folders.path)).toEqual([]);
});
