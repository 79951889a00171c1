import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "nbdkit-native-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** A file on disk, open for reading and writing. */
export function temporaryFile(content: string | Uint8Array): { readonly fd: number } & Disposable {
  const folder = temporaryFolder();
  const path = join(folder.path, "file");
  writeFileSync(path, content);
  const fd = openSync(path, "r+");
  return {
    fd,
    [Symbol.dispose]: () => {
      closeSync(fd);
      folder[Symbol.dispose]();
    },
  };
}
