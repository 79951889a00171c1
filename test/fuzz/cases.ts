import { Random } from "../../src/testing/random.ts";
import { type ClientCase, clientCase } from "./client-grammar.ts";
import { runClientCase } from "./client-run.ts";
import { type ServerCase, serverCase } from "./server-grammar.ts";
import { runServerCase } from "./server-run.ts";
import { runTlsClientCase } from "./tls/client-run.ts";
import type { FuzzKeys } from "./tls/keys.ts";
import { type TlsCase, tlsClientCase, tlsServerCase } from "./tls/plan.ts";
import { runTlsServerCase } from "./tls/server-run.ts";

export type Case = ServerCase | ClientCase | TlsCase;

/** Makes the case of a seed: even seeds test the server, odd seeds the client. */
export function caseOf(seed: number): Case {
  const random = new Random(seed);
  return seed % 2 === 0 ? serverCase(random) : clientCase(random);
}

/** Makes the case of a seed for TLS. */
export function tlsCaseOf(seed: number): TlsCase {
  const random = new Random(seed);
  return seed % 2 === 0 ? tlsServerCase(random) : tlsClientCase(random);
}

/**
 * Runs a case.
 * @param keys for cases with TLS
 */
export async function runCase(test: Case, keys?: FuzzKeys): Promise<void> {
  switch (test.side) {
    case "server":
      return await runServerCase(test);
    case "client":
      return await runClientCase(test);
    case "tls-server":
      return await runTlsServerCase(test, keys!);
    case "tls-client":
      return await runTlsClientCase(test, keys!);
  }
}

/**
 * Writes a case as JSON. The bytes of the peer are stored in hex, so that the case stays valid when the
 * grammar changes.
 */
export function writeCase(test: Case): string {
  return `${JSON.stringify(test, (_, value) => (isBuffer(value) ? Buffer.from(value.data).toString("hex") : value), 2)}\n`;
}

export function readCase(text: string): Case {
  return JSON.parse(text, (key, value) =>
    ["chunks", "handshake", "replies"].includes(key)
      ? value.map((bytes: string) => Buffer.from(bytes, "hex"))
      : value,
  );
}

/** Recognises the object that JSON.stringify makes of a buffer before it calls the replacer. */
function isBuffer(value: unknown): value is { data: number[] } {
  return (value as { type?: unknown } | null)?.type === "Buffer";
}
