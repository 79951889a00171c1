import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";

/**
 * The oldest supported Node.js. The files work with later versions. The headers of another version would
 * change the bytes.
 */
const headersVersion = "20.20.2";

/** The sources of the shipped files. */
export const sources = ["binding.gyp", "native", "scripts/prebuild"];

/**
 * Builds targets into `WORKSPACE/prebuilds/PLATFORM-ARCH/`, one for each processor at a time: zig builds the
 * C++ library of a target on one processor.
 */
export async function buildAll(root, workspace, targets, zig) {
  const waiting = [...targets];
  const work = async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift())
      await build(prepare(root, workspace, target), workspace, target, zig);
  };
  const ends = await Promise.allSettled(
    Array.from({ length: availableParallelism() }, () =>
      work().catch((error) => {
        // Running builds finish, because their folders still exist. No other build starts.
        waiting.length = 0;
        throw error;
      }),
    ),
  );
  const failed = ends.find(({ status }) => status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/**
 * Creates a build folder, so that `build/` stays as it is: the addon in `build/` has precedence over the
 * shipped one.
 */
function prepare(root, workspace, target) {
  const folder = join(workspace, target.zig);
  for (const name of [...sources, "package.json"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

async function build(folder, workspace, target, zig) {
  const { platform, arch, libc, launcher } = target;
  const args = ["--napi", "--platform", platform, "--arch", arch, "--out", workspace];
  if (libc) args.push("--tag-libc", libc);
  const child = spawn(join(folder, "node_modules/.bin/prebuildify"), [...args, "--target", headersVersion], {
    cwd: folder,
    env: { ...process.env, ...environmentFor(target, zig) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [status] = await once(child, "exit");
  if (status !== 0) throw new Error(`${target.zig}: prebuildify ended with status ${status}`);
  for (const program of launcher ? ["nbdkit-launcher", "nbdkit-guardian"] : []) {
    copyFileSync(
      join(folder, "build/Release", program),
      join(workspace, "prebuilds", target.folder, program),
    );
  }
}

/**
 * The environment that makes node-gyp build for another system. GYP_DEFINES gives gyp the system that
 * `binding.gyp` tests for. gyp still writes a Makefile for Linux, which works with zig for all systems.
 */
function environmentFor({ platform, zig: triple, launcher }, zig) {
  const command = (name) => [...zig, name].join(" ");
  const system = platform === "darwin" ? "mac" : platform;
  return {
    GYP_DEFINES: `OS=${system} launcher=${launcher ?? false} cxx_library=false`,
    CC: `${command("cc")} -target ${triple}`,
    CXX: `${command("c++")} -target ${triple}`,
    AR: command("ar"),
    CXXFLAGS: [
      // Node.js uses this option on every system, but gyp's settings for macOS apply to Xcode only.
      "-fno-exceptions",
      "-fno-rtti",
      // No code unwinds the stack. Debuggers use frame pointers.
      "-fno-unwind-tables",
      "-fno-asynchronous-unwind-tables",
      // Hides the operators new and delete of native/addon/no_cxx_library.cc. On macOS exports.map has no effect.
      "-fvisibility-global-new-delete=force-hidden",
      // Halves the compile time: leaves out headers that other headers of the C++ library include without
      // need.
      "-D_LIBCPP_REMOVE_TRANSITIVE_INCLUDES",
    ].join(" "),
    LDFLAGS: [
      "-s",
      "-nostdlib++",
      "-Wl,--gc-sections",
      ...(platform === "darwin" ? ["-Wl,-undefined,dynamic_lookup"] : []),
    ].join(" "),
    npm_config_loglevel: "error",
    npm_config_nodedir: headers(),
  };
}

/**
 * The headers of that Node.js version on this machine. Undefined when they are missing; node-gyp fetches them
 * then.
 */
function headers() {
  const folders = [process.env.npm_config_nodedir, dirname(dirname(process.execPath))];
  return folders.find((folder) => folder !== undefined && versionIn(folder) === headersVersion) ?? "";
}

function versionIn(folder) {
  const file = join(folder, "include/node/node_version.h");
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  return ["MAJOR", "MINOR", "PATCH"]
    .map((part) => new RegExp(`NODE_${part}_VERSION (\\d+)`).exec(text)[1])
    .join(".");
}
