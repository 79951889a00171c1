import { spawn } from "node:child_process";

/** The longest string that clients accept, in bytes (doc/proto.md, "Value conventions"). */
const descriptionBytesMax = 4096;

/** The output of a script that describes an export, without the final newline. */
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
  // Read all output and drop what exceeds the limit: a script could fail when its standard output is closed.
  child.stdout.on("data", (chunk: Buffer) => {
    if (bytes.length < descriptionBytesMax) bytes = Buffer.concat([bytes, chunk]);
  });
  await ended;
  return bytes.subarray(0, descriptionBytesMax).toString().replace(/\n$/, "");
}
