import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";

/** The oldest Node.js that we run on. The files work with later ones; the headers of another one make other bytes. */
const headersVersion = "20.20.2";

/** What the files are made of. */
export const sources = ["binding.gyp", "native", "scripts/prebuild"];

/**
 * Builds targets into `WORKSPACE/prebuilds/PLATFORM-ARCH/`, as many at a time as there are processors: zig makes the C++
 * library of a target with one of them.
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
        // What has begun comes to its end, in folders that are there until then; nothing else begins.
        waiting.length = 0;
        throw error;
      }),
    ),
  );
  const failed = ends.find(({ status }) => status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Makes a folder to build one in, so that what stands in `build/`, which goes before what is shipped, is left alone. */
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
 * What makes node-gyp build for another system: gyp is told the system that `binding.gyp` asks for and goes on to write
 * a Makefile for Linux, which suits zig for all of them.
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
      // As Node.js has it everywhere; of its settings for macOS only Xcode learns.
      "-fno-exceptions",
      "-fno-rtti",
      // Nothing unwinds the stack; debuggers have frame pointers.
      "-fno-unwind-tables",
      "-fno-asynchronous-unwind-tables",
      // Those of native/no_cxx_library.cc are nobody else's, and on macOS exports.map is not looked at.
      "-fvisibility-global-new-delete=force-hidden",
      // Half of the compiler's work would be headers that other headers include and nobody asked for.
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

/** Where the headers of that Node.js are on this machine; where they are not, node-gyp fetches them. */
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
