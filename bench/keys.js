// Pre-shared keys for TLS: one line in a format that all servers and libnbd read.
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const pskUser = "bench";

/** Creates the key file in its own folder, with the name that qemu-nbd requires. Returns its path. */
export function makeKeys(parent) {
  const folder = join(parent, "keys");
  mkdirSync(folder);
  const path = join(folder, "keys.psk");
  writeFileSync(path, `${pskUser}:${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
  return path;
}
