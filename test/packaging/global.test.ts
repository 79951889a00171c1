import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { makeTarball } from "./made.ts";

const look = ["--run", 'nbdinfo --size "$uri"'];

/** Imports of this package in plugins and filters, in each supported module format. */
const files: Readonly<Record<string, string>> = {
  "plugin.mjs": `import { definePlugin, size } from "nbdkit-node/plugin";
export default definePlugin({ name: "zeroes", parameters: { size: size({ required: true, help: "Size" }) },
  open: ({ size }) => ({ size, read: (into) => void into.fill(0) }) });`,
  "plugin.cjs": `const { definePlugin, size } = require("nbdkit-node/plugin");
module.exports = definePlugin({ name: "zeroes", parameters: { size: size({ required: true, help: "Size" }) },
  open: ({ size }) => ({ size, read: (into) => void into.fill(0) }) });`,
  "helped.mjs": 'export { default } from "./plugin.mjs";',
  "helped.cjs": 'module.exports = require("./plugin.cjs");',
  "lazy.mjs": `export default { name: "zeroes", parameters: { size: { parse: BigInt } },
  open: async ({ size }) => { await import("nbdkit-node/plugin"); return { size, read: (into) => void into.fill(0) }; } };`,
  "plugin.ts": `import { definePlugin, size } from "nbdkit-node/plugin";
const name: string = "zeroes";
export default definePlugin({ name, parameters: { size: size({ required: true, help: "Size" }) },
  open: ({ size }) => ({ size, read: (into) => void into.fill(0) }) });`,
  "filter.mjs": `import { defineFilter } from "nbdkit-node/filter";
export default defineFilter({ name: "half", open: () => ({ size: 1024n }) });`,
  "filter.cjs": `const { defineFilter } = require("nbdkit-node/filter");
module.exports = defineFilter({ name: "half", open: () => ({ size: 1024n }) });`,
  "test.mjs": `import { conformanceChecks } from "nbdkit-node/testing";
export default { name: String(conformanceChecks.name), open: () => ({ size: 2048n, read: (into) => void into.fill(0) }) };`,
};

const runsTypeScript = Boolean((process.features as { readonly typescript?: unknown }).typescript);

describe("the npm tarball, installed globally", () => {
  const sandbox = new Sandbox();
  const nbdkit = sandbox.folder.join("prefix/bin/nbdkit");
  const installed = sandbox.folder.join("prefix/lib/node_modules");
  beforeAll(async () => {
    const tarball = await makeTarball(sandbox.folder.path);
    // The dependencies would come from the registry, which tests do not use. They are copied from this clone.
    const dependencies = ["node-gyp-build", "node-addon-api"].map((name) =>
      join(packageRoot(), "node_modules", name),
    );
    const npm =
      "npm install --global --prefix=prefix --offline --ignore-scripts --install-links --no-audit --no-fund";
    const outcome = await sandbox.sh(`${npm} ${[tarball, ...dependencies].join(" ")}`);
    expect(outcome.status, outcome.stderr).toBe(0);
    mkdirSync(sandbox.folder.join("work"));
    for (const [name, text] of Object.entries(files)) sandbox.file(`work/${name}`, text);
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  it.each([
    "plugin.mjs",
    "plugin.cjs",
    "helped.mjs",
    "helped.cjs",
    "lazy.mjs",
    ...(runsTypeScript ? ["plugin.ts"] : []),
  ])("is found by a plugin outside of any package: %s", async (name) => {
    const script = `cd work && "${nbdkit}" ./${name} size=512 ${look[0]} '${look[1]}'`;
    expect(await sandbox.sh(script)).toEqual({ status: 0, stdout: "512\n", stderr: "" });
  });

  it.each(["filter.mjs", "filter.cjs"])("is found by a filter outside of any package: %s", async (name) => {
    const script = `cd work && "${nbdkit}" --filter=./${name} null 2048 ${look[0]} '${look[1]}'`;
    expect(await sandbox.sh(script)).toEqual({ status: 0, stdout: "1024\n", stderr: "" });
  });

  it("also provides the conformance checks", async () => {
    const script = `cd work && "${nbdkit}" ./test.mjs ${look[0]} '${look[1]}'`;
    expect(await sandbox.sh(script)).toEqual({ status: 0, stdout: "2048\n", stderr: "" });
  });

  it("is found by a plugin in another folder that a program serves", async () => {
    mkdirSync(sandbox.folder.join("program"));
    sandbox.file(
      "program/main.mjs",
      `import { connect, serve } from "${installed}/nbdkit-node/dist/index.js";
      for (const plugin of ["../work/plugin.mjs", "../work/plugin.cjs"]) {
        const server = await serve({ plugin, parameters: { size: "512" } });
        const client = await connect(server.uri);
        console.log(client.size);
        await client.close();
        await server.close();
      }`,
    );
    const outcome = await sandbox.sh("cd program && node main.mjs");
    expect(outcome).toEqual({ status: 0, stdout: "512n\n512n\n", stderr: "" });
  });

  it("has lower precedence than the package in the plugin's own project", async () => {
    const own = "project/node_modules/nbdkit-node";
    mkdirSync(sandbox.folder.join(own), { recursive: true });
    sandbox.file(`${own}/package.json`, '{ "exports": { "./plugin": "./plugin.mjs" } }');
    sandbox.file(
      `${own}/plugin.mjs`,
      `export const size = () => ({ parse: BigInt });
      export const definePlugin = (plugin) => ({ ...plugin, open: () => ({ size: 7n, read() {} }) });`,
    );
    sandbox.file("project/plugin.mjs", files["plugin.mjs"]!);
    const outcome = await sandbox.sh(
      `cd project && "${nbdkit}" ./plugin.mjs size=512 ${look[0]} '${look[1]}'`,
    );
    expect(outcome).toEqual({ status: 0, stdout: "7\n", stderr: "" });
  });

  it("does not hide the name of another missing package", async () => {
    sandbox.file("work/other.mjs", 'import "nbdkit-node/plugin"; import "no-such-package";');
    const { status, stderr } = await sandbox.sh(`cd work && "${nbdkit}" ./other.mjs`);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^nbdkit: error: .*Cannot find package 'no-such-package'.*\n$/),
    });
  });
});
