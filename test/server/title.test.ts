import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nbdkit } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";
import { Scene } from "./scene.ts";

describeWith(["ps", "pidof"], "ps shows a server", () => {
  it.each([
    ["in the foreground", ["-f"]],
    ["in the background", []],
  ])("%s by its command line", async (_where, options) => {
    await using scene = new Scene();
    const args = [...options, "--name=in", "-U", "socket", "-P", "pid", "memory", "1M"];
    scene.start(nbdkit, args);
    const pid = await scene.number("pid");
    const { stdout } = await scene.sh(`ps -o comm=,args= -p ${pid}`);
    expect(stdout.replace(/ +/g, " ")).toBe(`nbdkit nbdkit ${args.join(" ")}\n`);
    expect((await scene.sh("pidof nbdkit")).stdout.split(/\s+/)).toContain(String(pid));
    process.kill(pid, "SIGTERM");
  });
});

describe.skipIf(process.platform !== "linux")("the title", () => {
  it("leaves the environment as it was", async () => {
    await using scene = new Scene();
    const long = "x".repeat(5000);
    const show = 'cat "/proc/$(cat pid)/environ" >environ';
    await scene.nbdkit(["-P", "pid", "null", "--run", show], { env: { LONG: long } });
    expect(readFileSync(scene.folder.join("environ"), "utf8").split("\0")).toContain(`LONG=${long}`);
  });
});
