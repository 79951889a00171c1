import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { native } from "../../src/native/load.ts";
import { hasLauncher, launcherPath, packageCopy } from "./package-copy.ts";
import { temporaryFolder } from "./temporary.ts";

const loadNative = `const native = require("node-gyp-build")(${JSON.stringify(packageRoot())});`;
// Never returns to the event loop, so that only a mechanism without JavaScript can end the process.
const busy = `require("fs").writeSync(1, "ready "); for (;;);`;
// Prints "outlived" when the parent has changed. The kernel sends its signal before it changes the parent.
const outlive = `
const parent = process.ppid;
require("fs").writeSync(1, "ready ");
setInterval(() => { if (process.ppid !== parent) { console.log("outlived"); process.exit(); } }, 5);
`;

/**
 * Runs a command under a shell that is killed when the command has printed "ready". Returns the output of the
 * command. The output ends only when no process holds the pipe, so a process that survives causes a time-out.
 */
async function killParentOf(command: string, ...args: string[]): Promise<string> {
  const parent = spawn("sh", ["-c", '"$@" & wait', "sh", command, ...args], {
    cwd: packageRoot(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  parent.stdout.once("readable", () => parent.kill("SIGKILL"));
  return await text(parent.stdout);
}

const runUnderLauncher = async (script: string): Promise<string> => {
  using folder = temporaryFolder();
  const path = join(folder.path, "script.cjs");
  writeFileSync(path, `process.chdir(${JSON.stringify(packageRoot())});\n${script}`);
  // The parent's process id is that of the shell.
  const launch = 'exec "$0" "$PPID" "$@"';
  return await killParentOf("sh", "-c", launch, launcherPath(), path, "--exit-with-parent");
};

describe.runIf(native().features.exitWithParent)("exitWithParent", () => {
  it("ends a busy process when its parent is killed", async () => {
    const script = `${loadNative} native.exitWithParent(process.ppid); ${busy}`;
    expect(await killParentOf(process.execPath, "-e", script)).toBe("ready ");
  });

  it("ends the process at once when its parent has already changed", () => {
    const script = `${loadNative} native.exitWithParent(process.pid); console.log("still here")`;
    const { signal, stdout } = spawnSync(process.execPath, ["-e", script], {
      cwd: packageRoot(),
      encoding: "utf8",
    });
    expect({ signal, stdout }).toEqual({ signal: "SIGTERM", stdout: "" });
  });

  it("can be cancelled", async () => {
    const script = `${loadNative} native.exitWithParent(process.ppid); native.cancelExitWithParent(); ${outlive}`;
    expect(await killParentOf(process.execPath, "-e", script)).toBe("ready outlived\n");
  });

  it("can be armed again after it was cancelled, as for a process that changes its user", async () => {
    const script = `${loadNative} native.exitWithParent(process.ppid); native.cancelExitWithParent();
      native.exitWithParent(process.ppid); native.exitWithParent(process.ppid); ${busy}`;
    expect(await killParentOf(process.execPath, "-e", script)).toBe("ready ");
  });
});

describe.runIf(hasLauncher)("the launcher", () => {
  it("arms a signal that ends the process without JavaScript", async () => {
    expect(await runUnderLauncher(busy)).toBe("ready ");
  });

  it("arms a signal that JavaScript can cancel", async () => {
    const load = `const native = require(${JSON.stringify(join(packageRoot(), "node_modules/node-gyp-build"))})`;
    const script = `${load}(${JSON.stringify(packageRoot())}); native.cancelExitWithParent(); ${outlive}`;
    expect(await runUnderLauncher(script)).toBe("ready outlived\n");
  });

  it("does not start a server whose parent has already ended", async () => {
    using copy = packageCopy();
    // Starts bin/nbdkit only after its parent, the outer shell, has ended and been reaped.
    const late = 'exec 3<&0; sh -c "read go <&3; exec \\"$0\\" --exit-with-parent" "$0" &';
    const parent = spawn("sh", ["-c", late, join(copy.path, "bin/nbdkit")], {
      detached: true,
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(parent, "exit");
    parent.stdin.end("go\n");
    expect(await text(parent.stdout)).toBe("");
  });

  it("starts a server that leads its own session", async () => {
    using copy = packageCopy();
    const server = spawn(join(copy.path, "bin/nbdkit"), ["--exit-with-parent"], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    expect(JSON.parse(await text(server.stdout))).toMatchObject({
      launched: expect.stringMatching(`^${process.pid}:1:1:`),
    });
  });
});
