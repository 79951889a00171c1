import { describe, expect, it } from "vitest";
import { Sandbox } from "../helpers/sandbox.ts";

/** A warning of the shell, also of the one that runs bin/nbdkit. */
const shellsWord = /^.*getcwd.*\n/gm;

/** Runs the remaining arguments in a folder that has been removed. */
async function inRemovedFolder(sandbox: Sandbox, command: string) {
  const outcome = await sandbox.sh(`mkdir gone && cd gone && rmdir ../gone && ${command}`);
  return { ...outcome, stderr: outcome.stderr.replace(shellsWord, "") };
}

describe("in a current directory that has been removed", () => {
  it("a server serves", async () => {
    await using sandbox = new Sandbox();
    const command = `"$nbdkit" memory 1M --run 'echo "$unixsocket"'`;
    const { status, stdout, stderr } = await inRemovedFolder(sandbox, command);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/socket\n$/);
    await sandbox.empty();
  });

  it("a script works as a plugin, and its process has a folder of its own", async () => {
    await using sandbox = new Sandbox();
    const command = `"$nbdkit" eval get_size='echo 512' config_complete='test -d "$tmpdir"' --run 'echo yes'`;
    expect(await inRemovedFolder(sandbox, command)).toEqual({ status: 0, stdout: "yes\n", stderr: "" });
  });

  it.each(["memory --dump-plugin", "--dump-config", "--version"])("%s prints its output", async (args) => {
    await using sandbox = new Sandbox();
    const { status, stdout, stderr } = await inRemovedFolder(sandbox, `"$nbdkit" ${args}`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).not.toBe("");
  });

  it.each([
    ["-U socket null", "socket"],
    ["./plugin.mjs", "./plugin.mjs"],
    ["null @./parameters", "./parameters"],
  ])("a relative path is an error that names the path: %s", async (args, name) => {
    await using sandbox = new Sandbox();
    const { status, stderr } = await inRemovedFolder(sandbox, `"$nbdkit" -f ${args}`);
    expect(status).toBe(1);
    expect(stderr).toBe(
      `nbdkit: error: ${name}: the current directory has been removed: use an absolute path, or start nbdkit in another directory\n`,
    );
  });

  it("an unknown plugin is reported as unknown", async () => {
    await using sandbox = new Sandbox();
    const { stderr } = await inRemovedFolder(sandbox, '"$nbdkit" nosuch');
    expect(stderr).toMatch(/^nbdkit: error: cannot open plugin 'nosuch': no such plugin: /);
  });
});
