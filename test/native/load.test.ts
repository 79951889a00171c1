import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { BarePackage } from "../helpers/bare-package.ts";
import { type Outcome, run } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";

const system = `${process.platform}-${process.arch}`;

class Bare extends BarePackage {
  command(name: "nbdkit" | "nbd", ...args: string[]): Promise<Outcome> {
    return run(this.join(`bin/${name}`), args);
  }

  /** Replaces the addon for this system by a file of another system. */
  addForeign(name: string): string {
    const path = this.join(`prebuilds/${system}/nbdkit-node.node`);
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(join(packageRoot(), "prebuilds", name), path);
    return path;
  }
}

const remedy = (bare: Bare): string =>
  `run "npm run build:native" in ${bare.path}, which needs a C++20 compiler, make and Python 3`;

describe("without an addon", () => {
  it("reports the unsupported system, and how to build the addon", async () => {
    using bare = new Bare();
    const { status, stderr } = await bare.command("nbdkit", "-U", "-", "memory", "1M", "--run", "true");
    expect(status).toBe(1);
    expect(stderr.trimEnd().split("\n")).toEqual([
      expect.stringContaining(`there is no addon for ${system} in ${bare.path}/prebuilds: ${remedy(bare)}`),
    ]);
  });

  it("reports which file does not load, the reason, and how to build the addon", async () => {
    using bare = new Bare();
    const file = bare.addForeign("darwin-arm64/nbdkit-node.node");
    const { status, stderr } = await bare.command("nbdkit", "-U", "-", "memory", "1M", "--run", "true");
    expect(status).toBe(1);
    expect(stderr).toContain(`the addon ${file} does not load on this ${system} (`);
    expect(stderr).toContain(`: ${remedy(bare)}\n`);
    expect(stderr.trimEnd()).not.toContain("\n");
  });

  it.each(["--version", "--help", "--dump-config"])("still answers %s", async (option) => {
    using bare = new Bare();
    const { status, stdout, stderr } = await bare.command("nbdkit", option);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("nbdkit");
  });

  it("does not claim that --exit-with-parent works", async () => {
    using bare = new Bare();
    expect((await bare.command("nbdkit", "--dump-config")).stdout).toMatch(/^exit_with_parent=no$/m);
    const { status, stderr } = await bare.command("nbdkit", "--exit-with-parent", "--version");
    expect(status).not.toBe(0);
    expect(stderr).toContain(remedy(bare));
  });
});

describeWith(["nbdkit"], "without an addon, the client", () => {
  it("reads from a server and writes to it", async () => {
    using bare = new Bare();
    const from = bare.file("in", Buffer.alloc(65_536, "text"));
    const nbd = bare.join("bin/nbd");
    const script = `"${nbd}" info --size "$uri" && "${nbd}" copy "${from}" "$uri" && "${nbd}" copy "$uri" - | cmp - "${from}"`;
    const outcome = await run("nbdkit", ["-U", "-", "memory", "64k", "--run", script]);
    expect(outcome).toEqual({ status: 0, stdout: "65536\n", stderr: "" });
  });
});
