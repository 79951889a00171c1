import { expect } from "vitest";
import type { Sandbox } from "../helpers/sandbox.ts";

/** Does the main job of the package with the `nbdkit` and `nbd` of this PATH. */
export async function doesMainJob(sandbox: Sandbox, PATH: string): Promise<void> {
  const env = { PATH };
  const serves = await sandbox.sh(`nbdkit memory 1M --run 'nbd info --size "$uri"'`, { env });
  expect(serves).toEqual({ status: 0, stdout: "1048576\n", stderr: "" });

  const copies = `head -c 65536 /dev/urandom >disk && nbdkit -r file disk --run 'nbd copy "$uri" copy' && cmp disk copy`;
  expect(await sandbox.sh(copies, { env })).toEqual({ status: 0, stdout: "", stderr: "" });

  // The connections of this server use several threads.
  const crowd = `nbdkit memory 1M --run 'nbd copy disk "$uri" & nbd copy "$uri" null: & nbd copy "$uri" null: & wait'`;
  expect(await sandbox.sh(crowd, { env })).toEqual({ status: 0, stdout: "", stderr: "" });

  const parent = `echo $$ >parent; nbdkit --exit-with-parent -U - -P server null & read line`;
  sandbox.start("/bin/sh", ["-c", parent], { stdio: "pipe", env });
  await sandbox.number("server");
  process.kill(await sandbox.number("parent"), "SIGKILL");
  await sandbox.empty();
}
