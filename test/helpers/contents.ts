import type { ServedExport } from "../../src/served/served-export.ts";

/** Reads bytes of a disk. The default is the whole disk. */
export async function contents(disk: ServedExport, offset = 0n, length = Number(disk.size)): Promise<Buffer> {
  const bytes = Buffer.alloc(length, 0xa5);
  await disk.read(bytes, offset);
  return bytes;
}
