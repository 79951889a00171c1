import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nbdkit } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";

describeWith(["ps", "pidof"], "ps shows a server", () => {
  it.each([
    ["in the foreground", ["-f"]],
    ["in the background", []],
  ])("%s by its command line", async (_where, options) => {
    await using sandbox = new Sandbox();
    const args = [...options, "--name=in", "-U", "socket", "-P", "pid", "memory", "1M"];
    sandbox.start(nbdkit, args);
    const pid = await sandbox.number("pid");
    const { stdout } = await sandbox.sh(`ps -o comm=,args= -p ${pid}`);
    expect(stdout.replace(/ +/g, " ")).toBe(`nbdkit nbdkit ${args.join(" ")}\n`);
    expect((await sandbox.sh("pidof nbdkit")).stdout.split(/\s+/)).toContain(String(pid));
    process.kill(pid, "SIGTERM");
  });
});

describe.skipIf(process.platform !== "linux")("the title", () => {
  it("does not change the environment", async () => {
    await using sandbox = new Sandbox();
    const long = "x".repeat(5000);
    const show = 'cat "/proc/$(cat pid)/environ" >environ';
    await sandbox.nbdkit(["-P", "pid", "null", "--run", show], { env: { LONG: long } });
    expect(readFileSync(sandbox.folder.join("environ"), "utf8").split("\0")).toContain(`LONG=${long}`);
  });
});
