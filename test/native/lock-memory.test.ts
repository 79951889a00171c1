import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { native } from "../../src/native/load.ts";
import { isPrivileged } from "../helpers/privileges.ts";
import { run } from "../helpers/run.ts";

/** Makes V8 compile and discard functions, so that it returns pages to the kernel. Then ends normally. */
const script = `
  require("node-gyp-build")(process.argv[1]).lockAllMemory();
  require("node:v8").setFlagsFromString("--expose-gc");
  const collect = require("node:vm").runInNewContext("gc");
  for (let round = 0; round < 5; round++) {
    for (let n = 0; n < 100; n++) {
      new Function("a", "for (let i = 0; i < 1e4; i++) a += i;" + "a += Math.sqrt(a);".repeat(300) + "return a")(n);
    }
    collect();
  }
  const status = require("node:fs").readFileSync("/proc/self/status", "utf8");
  console.log(Number(/^VmLck:\\s*(\\d+) kB$/m.exec(status)[1]) * 1024 > process.memoryUsage.rss());
  new (require("node:worker_threads").Worker)("new Array(1e5).fill({})", { eval: true });
`;

const reason = process.platform === "linux" && isPrivileged ? "" : " (skipped: only as root on Linux)";

describe.skipIf(reason !== "")(`lockAllMemory${reason}`, () => {
  it("locks all memory, and V8 can still return pages to the kernel", async () => {
    const { status, stdout, stderr } = await run(process.execPath, ["-e", script, packageRoot()], {
      cwd: packageRoot(),
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "true\n", stderr: "" });
  });
});

describe("userId and groupId", () => {
  it("return the number of a name, or -1", () => {
    expect(native().userId("root")).toBe(0);
    expect(native().groupId("daemon")).toBeGreaterThan(0);
    for (const name of ["", "0", "no such name", "\u{1f600}"]) {
      expect([native().userId(name), native().groupId(name)], name).toEqual([-1, -1]);
    }
  });
});
