import { readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folderPrefix } from "./folder.ts";
import { isRunning } from "./processes.ts";

/** Removes the folders of killed test runs, before all tests. */
export default function removeLeftFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const maker = new RegExp(`^${folderPrefix}(\\d+)-`).exec(name)?.[1];
    if (maker !== undefined && !isRunning(Number(maker)))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}
