import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { Folder } from "../helpers/folder.ts";
import { brokenLinks } from "../helpers/links.ts";
import { succeed } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { bareTools, makeTarball, version } from "./made.ts";
import { doesMainJob } from "./main-job.ts";

/** Patterns for all files of the tarball. Each pattern must match a file. */
const contents: readonly RegExp[] = [
  /^(package\.json|README\.md|CHANGELOG\.md|CONTRIBUTING\.md|LICENSE)$/,
  // The commands, and the compiled files of the commands and the library.
  /^bin\/(nbd|nbdkit|package\.json)$/,
  /^dist\/bundle\/[\w-]+\.cjs$/,
  /^dist\/(index|plugin|filter|testing)(\.d\.ts|\.js)$/,
  /^dist\/(allocator|api|chain|client|connection|contract|core|descriptor|filters|installation|kit|native|plugins|processes|protocol|registry|script|served|server|testing|transport)\/[\w/-]+(\.d\.ts|\.js)$/,
  /^dist\/man\/man1\/(nbd|nbdkit)\.1$/,
  /^dist\/completions\/(nbd|nbdkit)$/,
  // The README and the manual pages link to these files.
  /^docs\/((filters|how-to|reference)\/)?[\w-]+\.md$/,
  /^docs\/images\/[\w-]+\.svg$/,
  /^packaging\/systemd\/nbdkit\.(service|socket)$/,
  /^templates\/plugin\/(README\.md|index\.js|package\.json|test\.js)$/,
  // Compiled files, so that users need no compiler.
  /^prebuilds\/(linux|darwin|freebsd)-(x64|arm64)\/(nbdkit-(launcher|guardian)|[\w.-]+\.node)$/,
  // The sources from which other systems build the addon: "npm run build:native".
  /^binding\.gyp$/,
  /^native\/\w+\/(\w+\.(cc|h)|exports\.map)$/,
];

/** In bytes, compressed. The tarball should stay small, because scripts fetch it on many machines. */
const sizeMax = 2 * 1024 * 1024;

const folder = new Folder();
let tarball: string;
beforeAll(async () => {
  tarball = await makeTarball(folder.path);
});
afterAll(() => folder[Symbol.dispose]());

describe("the npm tarball", () => {
  it("contains the expected files and no others", async () => {
    const list = (await succeed("tar", ["-tzf", tarball])).trim().split("\n");
    const names = list.map((name) => name.replace(/^package\//, ""));
    expect(names.filter((name) => !contents.some((pattern) => pattern.test(name)))).toEqual([]);
    expect(contents.filter((pattern) => !names.some((name) => pattern.test(name)))).toEqual([]);
  });

  it("contains everything that its pages link to", async () => {
    using unpacked = new Folder();
    await succeed("tar", ["-xzf", tarball, "-C", unpacked.path]);
    const root = unpacked.join("package");
    const names = readdirSync(root, { recursive: true, encoding: "utf8" });
    const pages = names.filter((name) => name.endsWith(".md"));
    expect(pages).toContain("README.md");
    const broken = pages.flatMap((page) => brokenLinks(root, page).map((target) => `${page}: ${target}`));
    expect(broken).toEqual([]);
  });

  it("is small", () => {
    expect(statSync(tarball).size).toBeLessThan(sizeMax);
  });
});

describe("the npm tarball, installed without scripts, compiler and Python", () => {
  const sandbox = new Sandbox();
  const tools = bareTools("node", "npm", "npx");
  const PATH = `${sandbox.folder.join("node_modules/.bin")}:${tools.path}`;
  beforeAll(async () => {
    sandbox.file("package.json", `{ "type": "module" }`);
    // The dependencies would come from the registry, which tests do not use. They are copied from this clone.
    const dependencies = ["node-gyp-build", "node-addon-api"].map((name) =>
      join(packageRoot(), "node_modules", name),
    );
    const npm = "npm install --offline --ignore-scripts --install-links --no-audit --no-fund";
    const outcome = await sandbox.sh(`${npm} ${[tarball, ...dependencies].join(" ")}`, { env: { PATH } });
    expect(outcome.status, outcome.stderr).toBe(0);
  });
  afterAll(async () => {
    await sandbox[Symbol.asyncDispose]();
    tools[Symbol.dispose]();
  });

  it("does the main job", () => doesMainJob(sandbox, PATH));

  it("runs as npx nbdkit-node", async () => {
    const { status, stdout } = await sandbox.sh("npx --offline nbdkit-node --version", { env: { PATH } });
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(new RegExp(`^nbdkit .* \\(nbdkit-node ${version}\\)\n$`)),
    });
  });

  it("can be imported as a library", async () => {
    const program = `
      import { connect, serve } from "nbdkit-node";
      import { definePlugin } from "nbdkit-node/plugin";
      import { conformanceChecks } from "nbdkit-node/testing";
      const plugin = definePlugin({ name: "seven", open: () => ({ size: 7n, read: (into) => void into.fill(7) }) });
      const server = await serve({ plugin });
      const client = await connect(server.uri);
      console.log(await client.read(0n, 7), conformanceChecks({ plugin }).length > 0);
      await client.close();
      await server.close();
    `;
    const path = sandbox.file("program.js", program);
    const outcome = await sandbox.sh(`node ${path}`, { env: { PATH } });
    expect(outcome).toEqual({ status: 0, stdout: "<Buffer 07 07 07 07 07 07 07> true\n", stderr: "" });
  });
});
