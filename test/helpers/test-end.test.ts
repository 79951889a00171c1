import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { Folder } from "./folder.ts";
import removeLeftFolders from "./remove-left-folders.ts";
import { launch, outcomeOf } from "./run.ts";
import { Sandbox } from "./sandbox.ts";

let sandbox: Sandbox;

it.fails("a test that exceeds its timeout fails", { timeout: 500 }, async () => {
  await using own = new Sandbox();
  sandbox = own;
  await sandbox.sh("sleep 1000");
});

it("a test that exceeded its timeout leaves no process and no folder", () => {
  expect(sandbox.processes).toEqual([]);
  expect(existsSync(sandbox.folder.path)).toBe(false);
});

it("removeLeftFolders removes the folders of a killed run, and no others", async () => {
  using folder = new Folder();
  const killed = launch("true", []);
  await outcomeOf(killed);
  const living = `nbdkit-node-test-${process.pid}-abcdef`;
  mkdirSync(folder.join(`nbdkit-node-test-${killed.pid}-abcdef/tmp`), { recursive: true });
  mkdirSync(folder.join(living));
  mkdirSync(folder.join("other"));
  vi.stubEnv("TMPDIR", folder.path);
  removeLeftFolders();
  vi.unstubAllEnvs();
  expect(readdirSync(folder.path).sort()).toEqual([living, "other"]);
});
