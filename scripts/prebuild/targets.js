/**
 * The targets of the shipped binaries. The oldest supported systems: glibc 2.28 and macOS 11 are requirements
 * of Node.js 20 itself. FreeBSD 14 is the first with fspacectl(2).
 *
 * Each folder has one launcher and one guardian. On Linux they are linked statically with musl, which starts
 * in a third of the time of glibc: glibc queries the features of the processor, and on a virtual machine each
 * query traps to the hypervisor. macOS has no launcher and no guardian.
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
