import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { type Outcome, shortStall } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";

/** A package that was built for some system, and how to run it here. */
export interface Platform {
  /** The path of its `bin/nbdkit`. */
  readonly nbdkit: string;
  readonly env?: NodeJS.ProcessEnv;
}

const mebibyte = 1024 * 1024;
const pattern = Buffer.alloc(mebibyte, "what a disk holds\n");
const parent = 'echo $$ >parent; "$nbdkit" "$@" & read line';
/**
 * A script that never returns to the event loop, so that only a mechanism without JavaScript can end the
 * process.
 */
const busyPlugin = `import { writeFileSync } from "node:fs";
export default { name: "busy", open() {}, configComplete() { writeFileSync("busy", "1\\n"); for (;;); } };`;

/** The clients that the suite uses: libnbd's and QEMU's. */
export const clients: readonly string[] = ["nbdcopy", "nbdinfo", "qemu-io"];

/** Tests of the functions that must work on every system. */
export function platformSuite(platform: () => Platform): void {
  const options = () => ({ env: { ...shortStall, ...platform().env, nbdkit: platform().nbdkit } });
  const sh = (sandbox: Sandbox, script: string): Promise<Outcome> => sandbox.sh(script, options());

  /**
   * Starts a server under a shell, waits until the server has written the file, kills the shell, and waits
   * until the server ends.
   */
  async function killParentOf(sandbox: Sandbox, args: readonly string[], ready: string): Promise<void> {
    sandbox.start("/bin/sh", ["-c", parent, "sh", ...args], { stdio: "pipe", ...options() });
    await sandbox.number(ready);
    process.kill(await sandbox.number("parent"), "SIGKILL");
    await sandbox.empty();
  }

  it("reports that --exit-with-parent works", async () => {
    await using sandbox = new Sandbox();
    const script = '"$nbdkit" --exit-with-parent --version && "$nbdkit" --dump-config';
    const { status, stdout, stderr } = await sh(sandbox, script);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^nbdkit 1\.\d+\.\d+ [\s\S]*\nexit_with_parent=yes\n/);
  });

  it("shuts down cleanly when its parent is killed", async () => {
    await using sandbox = new Sandbox();
    await killParentOf(sandbox, ["--exit-with-parent", "-U", "-", "-P", "server", "null"], "server");
  });

  it("ends when its parent is killed while a plugin keeps the process busy", async () => {
    await using sandbox = new Sandbox();
    await killParentOf(sandbox, ["--exit-with-parent", sandbox.file("busy.mjs", busyPlugin)], "busy");
  });

  it("serves memory to a captive command and returns the command's status", async () => {
    await using sandbox = new Sandbox();
    writeFileSync(sandbox.folder.join("in"), pattern);
    const script = `"$nbdkit" memory 8M --run 'nbdcopy in "$uri" && nbdcopy "$uri" out && nbdinfo --map "$uri" >map && exit 3'`;
    expect(await sh(sandbox, script)).toEqual({ status: 3, stdout: "", stderr: "" });
    const out = readFileSync(sandbox.folder.join("out"));
    expect(out.equals(Buffer.concat([pattern, Buffer.alloc(7 * mebibyte)]))).toBe(true);
    await sandbox.empty();
  });

  it("serves a file with its holes, punches holes, and writes zeroes", async () => {
    await using sandbox = new Sandbox();
    const disk = sandbox.folder.sparseFile("disk", 4 * mebibyte);
    writeFileSync(sandbox.folder.join("in"), Buffer.concat([pattern, pattern, pattern]));
    const change = `qemu-io -f raw -d unmap -c "discard 0 1M" -c "discard 1048600 1000" -c "write -z -u 2M 1M" "$uri" >&2`;
    const script = `"$nbdkit" file disk --run 'nbdcopy in "$uri" && ${change}'`;
    expect((await sh(sandbox, script)).status).toBe(0);
    const bytes = readFileSync(disk);
    expect(bytes.subarray(0, mebibyte).equals(Buffer.alloc(mebibyte))).toBe(true);
    expect(bytes.subarray(mebibyte + 2048, 2 * mebibyte).equals(pattern.subarray(2048))).toBe(true);
    expect(bytes.subarray(2 * mebibyte).equals(Buffer.alloc(2 * mebibyte))).toBe(true);
    const map = await sh(sandbox, `"$nbdkit" file disk --run 'nbdinfo --map "$uri"'`);
    expect(map.stdout).toMatch(/^ +0 +1048576 +3 +hole,zero\n +1048576 /);
  });

  it("knows the user of a client on a Unix socket", async () => {
    await using sandbox = new Sandbox();
    const script = `"$nbdkit" --filter=ip null 7 allow=uid:$(id -u) deny=all --run 'nbdinfo --size "$uri"'`;
    expect(await sh(sandbox, script)).toEqual({ status: 0, stdout: "7\n", stderr: "" });
  });
}
