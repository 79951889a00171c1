import { readdir, stat } from "node:fs/promises";
import type { ExportItem } from "../../contract/plugin.ts";
import { isDisk } from "../../descriptor/geometry.ts";

/** The regular files and block devices directly in a directory, and symbolic links to such, by name. */
export async function listFiles(directory: string): Promise<readonly ExportItem[]> {
  const names = (await readdir(directory)).sort();
  const servable: ExportItem[] = [];
  for (const name of names) {
    // A link that leads nowhere, or a file that went away meanwhile, is no export.
    const stats = await stat(`${directory}/${name}`).catch(() => undefined);
    if (stats !== undefined && isDisk(stats)) servable.push({ name });
  }
  return servable;
}
