import { existsSync, readFileSync } from "node:fs";
import { messageOf, NbdError } from "../core/errors.ts";
import type { PskKeys } from "./tls.ts";

/**
 * Reads a key file of psktool(1): one NAME:HEXKEY on each line. Errors name the line and never show the key.
 * @throws NbdError ENOENT when the file cannot be read, EINVAL for a wrong line
 */
export function readPskFile(path: string): PskKeys {
  const keys = new Map<string, Buffer>();
  const lines = readKeyFile(path).toString("utf8").split(/\r?\n/);
  lines.forEach((line, index) => {
    if (line === "") return;
    const [, name, key] = /^([^:]+):((?:[0-9a-fA-F]{2})+)$/.exec(line) ?? [];
    if (name === undefined || key === undefined) {
      throw new NbdError(
        "EINVAL",
        `${path} line ${index + 1} is not of the form NAME:HEXKEY, as psktool writes it`,
      );
    }
    keys.set(name, Buffer.from(key, "hex"));
  });
  return keys;
}

/**
 * Reads a file with keys or certificates.
 * @throws NbdError ENOENT
 */
export function readKeyFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new NbdError("ENOENT", `cannot read the TLS keys: ${messageOf(error)}`, { cause: error });
  }
}

/** Reads a file with keys or certificates; undefined when the file does not exist. */
export function readKeyFileIfThere(path: string): Buffer | undefined {
  return existsSync(path) ? readKeyFile(path) : undefined;
}
