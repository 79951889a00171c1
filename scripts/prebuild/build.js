import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

/** The oldest Node.js that we run on. The files work with later ones; the headers of another one make other bytes. */
const headersVersion = "20.20.2";

/** What the files are made of. */
export const sources = ["binding.gyp", "native", "scripts/prebuild"];

/** Makes a folder to build in, so that what stands in `build/`, which goes before what is shipped, is left alone. */
export function prepare(root, workspace) {
  for (const name of [...sources, "package.json"])
    cpSync(join(root, name), join(workspace, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(workspace, "node_modules"));
}

/** Builds one target into `WORKSPACE/prebuilds/PLATFORM-ARCH/`. */
export function build(workspace, target, zig) {
  const { platform, arch, libc, folder, launcher } = target;
  const args = ["--napi", "--platform", platform, "--arch", arch];
  if (libc) args.push("--tag-libc", libc);
  execFileSync(join(workspace, "node_modules/.bin/prebuildify"), [...args, "--target", headersVersion], {
    cwd: workspace,
    env: { ...process.env, ...environmentFor(target, zig) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (launcher) {
    copyFileSync(
      join(workspace, "build/Release/nbdkit-launcher"),
      join(workspace, "prebuilds", folder, "nbdkit-launcher"),
    );
  }
  rmSync(join(workspace, "build"), { recursive: true });
}

/**
 * What makes node-gyp build for another system: gyp is told the system that `binding.gyp` asks for and goes on to write
 * a Makefile for Linux, which suits zig for all of them.
 */
function environmentFor({ platform, zig: triple, launcher }, zig) {
  const command = (name) => [...zig, name].join(" ");
  const system = platform === "darwin" ? "mac" : platform;
  return {
    GYP_DEFINES: `OS=${system} launcher=${launcher ?? false}`,
    CC: `${command("cc")} -target ${triple}`,
    CXX: `${command("c++")} -target ${triple}`,
    AR: command("ar"),
    // Nothing unwinds the stack; debuggers have frame pointers.
    CXXFLAGS: "-fno-unwind-tables -fno-asynchronous-unwind-tables",
    LDFLAGS: [
      "-s",
      "-Wl,--gc-sections",
      ...(platform === "darwin" ? ["-Wl,-undefined,dynamic_lookup"] : []),
    ].join(" "),
    npm_config_jobs: "max",
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
