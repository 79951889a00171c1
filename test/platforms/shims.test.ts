import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import type { BarePackage } from "../helpers/bare-package.ts";
import { succeed } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";
import { clients, platformSuite } from "./platform-suite.ts";
import { buildShimmed, hasHeaders } from "./shimmed.ts";

const needed = [...clients, "g++", "make", "python3", ...(hasHeaders ? [] : ["the headers of Node.js"])];

/** Features that differ from those of the addon for Linux. They prove that the other sources are tested. */
const features = {
  mac: { exitWithParent: true, punchHole: true, zeroRange: false, fadvise: false, memoryFile: false },
  freebsd: { exitWithParent: true, punchHole: true, zeroRange: false, fadvise: true, memoryFile: true },
};

const load = `const native = require(${JSON.stringify(join(packageRoot(), "node_modules/node-gyp-build"))})`;
const write = (name: string): string => `require("node:fs").writeFileSync("${name}", "1\\n");`;
const outlive = `const parent = process.ppid;
setInterval(() => { if (process.ppid !== parent) { ${write("outlived")} process.exit(); } }, 5);`;
const arm = "native.exitWithParent(process.ppid);";
const cancel = "native.cancelExitWithParent();";

describe.each(["mac", "freebsd"] as const)("the sources for %s, run here", (system) => {
  describeWith(needed, "over shims", () => {
    let copy: BarePackage;
    // A compiler takes a minute and more for all of it on a busy machine.
    beforeAll(async () => {
      copy = await buildShimmed(system);
    }, 600_000);
    afterAll(() => copy?.[Symbol.dispose]());
    platformSuite(() => ({ nbdkit: copy.join("bin/nbdkit") }));

    const script = (body: string): string[] => ["-e", `${load}(${JSON.stringify(copy.path)}); ${body}`];

    /** Runs JavaScript under a shell that is killed when the script has written the file `ready`. */
    async function runUnderParent(sandbox: Sandbox, body: string): Promise<void> {
      const shell = 'echo $$ >parent; "$@" & read line';
      sandbox.start("/bin/sh", ["-c", shell, "sh", process.execPath, ...script(body)], { stdio: "pipe" });
      await sandbox.number("ready");
      process.kill(await sandbox.number("parent"), "SIGKILL");
    }

    it("are the sources that the addon was built from", async () => {
      const printed = await succeed(process.execPath, script("console.log(JSON.stringify(native.features))"));
      expect(JSON.parse(printed)).toMatchObject(features[system]);
    });

    it("disarm exit-with-parent", async () => {
      await using sandbox = new Sandbox();
      await runUnderParent(sandbox, `${arm} ${cancel} ${write("ready")} ${outlive}`);
      await sandbox.number("outlived");
      await sandbox.empty();
    });

    it("arm exit-with-parent again after disarming, also when asked twice", async () => {
      await using sandbox = new Sandbox();
      await runUnderParent(sandbox, `${arm} ${cancel} ${arm} ${arm} ${write("ready")} for (;;);`);
      await sandbox.empty();
    });
  });
});
