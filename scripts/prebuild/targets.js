/**
 * What the package ships compiled. The oldest systems that it runs on: glibc 2.28 and macOS 11 are what Node.js 20
 * itself needs; FreeBSD 14 is the first with fspacectl(2).
 *
 * Each folder has one launcher and one guardian, which are linked statically on Linux and so must not be glibc's: musl starts in a third
 * of the time, as glibc asks the processor for its features, and on a virtual machine each such question goes to
 * the hypervisor. macOS has no use for them.
 */
export const targets = [
  { platform: "linux", arch: "x64", libc: "glibc", zig: "x86_64-linux-gnu.2.28" },
  { platform: "linux", arch: "x64", libc: "musl", zig: "x86_64-linux-musl", launcher: true },
  { platform: "linux", arch: "arm64", libc: "glibc", zig: "aarch64-linux-gnu.2.28" },
  { platform: "linux", arch: "arm64", libc: "musl", zig: "aarch64-linux-musl", launcher: true },
  { platform: "darwin", arch: "x64", zig: "x86_64-macos.11.0" },
  { platform: "darwin", arch: "arm64", zig: "aarch64-macos.11.0" },
  { platform: "freebsd", arch: "x64", zig: "x86_64-freebsd.14.0", launcher: true },
  { platform: "freebsd", arch: "arm64", zig: "aarch64-freebsd.14.0", launcher: true },
].map((target) => ({ ...target, folder: `${target.platform}-${target.arch}` }));
