import { spawn } from "node:child_process";

/** doc/proto.md, "Value conventions": the longest text that clients take. */
const descriptionBytesMax = 4096;

/** What a script prints about an export, without the end of its last line. */
export async function scriptDescription(script: string, name: string): Promise<string> {
  const child = spawn("/bin/sh", ["-c", script], {
    env: { ...process.env, name },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
  let bytes = Buffer.alloc(0);
  // What is too much is read too, since the script may not expect that nobody listens.
  child.stdout.on("data", (chunk: Buffer) => {
    if (bytes.length < descriptionBytesMax) bytes = Buffer.concat([bytes, chunk]);
  });
  await ended;
  return bytes.subarray(0, descriptionBytesMax).toString().replace(/\n$/, "");
}
