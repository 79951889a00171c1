// Pre-shared keys for TLS: one line that all servers and libnbd read.
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const pskUser = "bench";

/** Makes the file, named as qemu-nbd wants it, in a folder of its own; gives its path. */
export function makeKeys(parent) {
  const folder = join(parent, "keys");
  mkdirSync(folder);
  const path = join(folder, "keys.psk");
  writeFileSync(path, `${pskUser}:${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
  return path;
}
