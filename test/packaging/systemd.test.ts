import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { nbdkit, run } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";

const folder = join(packageRoot(), "packaging", "systemd");

describeWith(["systemd-analyze"], "the systemd units", () => {
  it("are valid for systemd-analyze", async () => {
    await using sandbox = new Sandbox();
    const units = readdirSync(folder).map((name) => {
      const text = readFileSync(join(folder, name), "utf8");
      // For a missing program systemd-analyze would report only that.
      return sandbox.file(name, text.replace("/usr/bin/nbdkit", nbdkit));
    });
    expect(units).toHaveLength(2);
    const { status, stdout, stderr } = await run("systemd-analyze", ["verify", "--man=no", ...units]);
    const about = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("nbdkit"));
    expect({ status, about }).toEqual({ status: 0, about: [] });
  });
});

describeWith(["systemd-socket-activate", "nbdinfo"], "a systemd socket", () => {
  it("starts nbdkit for the first client, and nbdkit serves the client", async () => {
    await using sandbox = new Sandbox();
    const socket = sandbox.folder.join("socket");
    const child = sandbox.start("systemd-socket-activate", ["-l", socket, nbdkit, "-P", "pid", "null", "7"]);
    await sandbox.sh("until test -S socket; do sleep 0.01; done");
    expect((await sandbox.sh(`nbdinfo --size 'nbd+unix://?socket=socket'`)).stdout).toBe("7\n");
    // The process id stays the same when the process becomes the server.
    expect(await sandbox.number("pid")).toBe(child.pid);
    child.kill("SIGTERM");
    await sandbox.empty();
  });
});
