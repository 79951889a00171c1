// Builds what the package ships for this system: prebuilds/PLATFORM-ARCH/ with the addon and the launcher.
//
// With ZIG set to a zig command ("zig", or "python3 -m ziglang") the launcher is linked with musl, which
// starts in a third of the time: the start-up code of glibc asks the processor for its features, and on
// a virtual machine each such question goes to the hypervisor.
import { execFileSync } from "node:child_process";
import { copyFileSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import prebuildify from "prebuildify";

const root = fileURLToPath(new URL("..", import.meta.url));
const { platform, arch } = process;
const shipped = `${root}prebuilds/${platform}-${arch}`;

await promisify(prebuildify)({
  cwd: root,
  napi: true,
  strip: true,
  tagLibc: platform === "linux",
  targets: [process.versions.node],
});
if (platform === "linux" || platform === "freebsd") shipLauncher();
// What is in build/ goes before what is shipped, so nothing may stay there to become old.
rmSync(`${root}build`, { recursive: true });

function shipLauncher() {
  const built = `${root}build/Release/nbdkit-launcher`;
  const zig = process.env.ZIG?.split(" ");
  if (zig && platform === "linux") linkWithMusl(zig, built);
  else execFileSync("strip", [built]);
  // A rename, because the old one may be running.
  copyFileSync(built, `${shipped}/nbdkit-launcher.new`);
  renameSync(`${shipped}/nbdkit-launcher.new`, `${shipped}/nbdkit-launcher`);
}

function linkWithMusl([zig, ...rest], output) {
  const target = { x64: "x86_64-linux-musl", arm64: "aarch64-linux-musl" }[arch];
  const flags = "-Os -s -static -std=c++20 -fno-exceptions -fno-rtti".split(" ");
  const sources = ["launcher.cc", "launcher_options.cc", "parent_death_linux.cc"];
  execFileSync(
    zig,
    [...rest, "c++", "-target", target, ...flags, "-o", output, ...sources.map((name) => `native/${name}`)],
    { cwd: root, stdio: "inherit" },
  );
}
