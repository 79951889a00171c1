import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { allocate } from "../../src/allocator/allocate.ts";
import type { Allocator } from "../../src/allocator/parameter.ts";
import { definePlugin } from "../../src/contract/plugin.ts";
import { native } from "../../src/native/load.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { descriptorsOn } from "../helpers/descriptors.ts";
import { nbdkit, run } from "../helpers/run.ts";

const locks = native().features.memoryLock && process.platform === "linux";

/** The number of bytes that this process has locked in memory. */
function lockedBytes(): number {
  return Number(/^VmLck:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1024;
}

function plugin(allocator: Allocator) {
  return definePlugin({
    name: "allocated",
    configComplete: () => allocate("nbdkit-test", 1_000_000n, allocator),
    open: ({ handle }) => handle,
    unload: (disk) => disk.dispose(),
  });
}

testPlugin("a malloc disk", { plugin: plugin({ kind: "malloc", mlock: false }), runs: 20 });
testPlugin("a locked disk", { plugin: plugin({ kind: "malloc", mlock: locks }), runs: 5 });

describe("allocate", () => {
  it("offers neither extents nor trim for a malloc disk", async () => {
    const disk = await allocate("nbdkit-test", 1_000_000n, { kind: "malloc", mlock: false });
    expect(disk.handle.extents).toBeUndefined();
    expect(disk.handle.trim).toBeUndefined();
    disk.dispose();
  });

  it("refuses a malloc disk that cannot fit into memory", async () => {
    const attempt = allocate("nbdkit-test", 2n ** 60n, { kind: "malloc", mlock: false });
    await expect(attempt).rejects.toThrow(/^allocator=malloc: 1E is more than the free memory, \d+M: use/);
  });

  it.runIf(locks)("locks the memory of a disk with mlock until it is disposed of", async () => {
    const before = lockedBytes();
    const disk = await allocate("nbdkit-lock", 40_960n, { kind: "malloc", mlock: true });
    expect(lockedBytes()).toBe(before + 40_960);
    disk.dispose();
    expect(lockedBytes()).toBe(before);
    expect(descriptorsOn("nbdkit-lock")).toBe(0);
  });

  it.runIf(locks)("names the remedy when the limit of locked memory is too low", async () => {
    const drop = process.getuid!() === 0 ? "setpriv --bounding-set -ipc_lock --inh-caps -ipc_lock " : "";
    const script = `ulimit -l 64 && ${drop}"${nbdkit}" -U - memory 1M allocator=malloc,mlock=true --run true`;
    const { status, stderr } = await run("/bin/sh", ["-c", script]);
    expect(stderr).toBe(
      "nbdkit: error: allocator=malloc: mlock: Cannot allocate memory: " +
        "raise the limit (ulimit -l), or leave mlock=true out\n",
    );
    expect(status).toBe(1);
  });

  it("accepts mlock for an empty disk", async () => {
    (await allocate("nbdkit-test", 0n, { kind: "malloc", mlock: locks })).dispose();
  });
});
