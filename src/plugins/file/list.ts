import { readdir, stat } from "node:fs/promises";
import type { ExportItem } from "../../contract/plugin.ts";
import { isDisk } from "../../descriptor/geometry.ts";

/** Lists the regular files and block devices in a directory, and symbolic links to them, sorted by name. */
export async function listFiles(directory: string): Promise<readonly ExportItem[]> {
  const names = (await readdir(directory)).sort();
  const servable: ExportItem[] = [];
  for (const name of names) {
    // Skip a dangling link, and a file that was removed after readdir.
    const stats = await stat(`${directory}/${name}`).catch(() => undefined);
    if (stats !== undefined && isDisk(stats)) servable.push({ name });
  }
  return servable;
}
