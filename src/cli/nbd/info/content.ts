import { spawn } from "node:child_process";
import type { NbdClient } from "../../../client/index.ts";

/** Bytes that file(1) gets: enough to identify partition tables, file systems and disk images. */
const probedBytes = 256 * 1024;

/**
 * Returns the output of file(1) for the start of the export; undefined without file(1), or if nothing can be
 * read.
 */
export async function probeContent(client: NbdClient): Promise<string | undefined> {
  const available = client.size < BigInt(probedBytes) ? Number(client.size) : probedBytes;
  const length = available - (available % (client.blockSize?.minimum ?? 1));
  if (length === 0) return undefined;
  const begin = await client.read(0, length);
  return await new Promise((resolve) => {
    const child = spawn("file", ["-b", "-"], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...process.env, LC_ALL: "C" },
    });
    let answer = "";
    child.stdout.on("data", (bytes: Buffer) => {
      answer += bytes.toString();
    });
    child.on("error", () => resolve(undefined));
    child.on("close", (status) => resolve(status === 0 ? answer.trim() : undefined));
    // Ignore EPIPE: file(1) stops reading once it has identified the content.
    child.stdin.on("error", () => {});
    child.stdin.end(begin);
  });
}
