import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Sandbox } from "../helpers/sandbox.ts";

const plugin = '{ name: "mine", open: () => ({ size: 512n, read: (into) => void into.fill(1) }) }';
const asModule = `export default ${plugin};`;
const asScript =
  "#!/bin/sh\ncase $1 in get_size) echo 512 ;; pread) head -c $3 /dev/zero ;; *) exit 2 ;; esac";
const look = ["--run", 'nbdinfo --size "$uri"'];

it.each([
  ["mine.mjs", asModule],
  ["mine.cjs", `module.exports = ${plugin};`],
  ["mine.js", `module.exports = ${plugin};`],
  [
    "compiled.cjs",
    `Object.defineProperty(exports, "__esModule", { value: true }); exports.default = ${plugin};`,
  ],
  ["script.sh", asScript],
  ["script", asScript],
])("%s is found by its path", async (name, text) => {
  await using sandbox = new Sandbox();
  chmodSync(sandbox.file(name, text), 0o755);
  expect(await sandbox.nbdkit([`./${name}`, ...look])).toEqual({ status: 0, stdout: "512\n", stderr: "" });
});

it.each([
  ["nbdkit-mine-plugin", "mine", { exports: "./index.mjs" }],
  ["nbdkit-mine-plugin", "mine", { main: "index.mjs" }],
])("a package %s is found by its short name (%s, %j)", async (folder, name, entry) => {
  await using sandbox = new Sandbox();
  const path = `node_modules/${folder}`;
  mkdirSync(sandbox.folder.join(path), { recursive: true });
  writeFileSync(sandbox.folder.join(`${path}/package.json`), JSON.stringify({ name: folder, ...entry }));
  sandbox.file(`${path}/index.mjs`, asModule);
  expect(await sandbox.nbdkit([name, ...look])).toEqual({ status: 0, stdout: "512\n", stderr: "" });
});

const asFilter = `import { defineFilter } from "nbdkit-node/filter";
  export default defineFilter({ name: "mine", open: () => ({ size: 1024n }) });`;

it.each([
  ["node_modules/nbdkit-mine-filter/index.mjs", "mine"],
  ["mine.mjs", "./mine.mjs"],
])("a filter in %s is found as %s", async (file, name) => {
  await using sandbox = new Sandbox();
  const folder = sandbox.folder.join("node_modules/nbdkit-mine-filter");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "name": "nbdkit-mine-filter", "main": "index.mjs" }');
  sandbox.file(file, 'export default { name: "mine", open: () => ({ size: 1024n }) };');
  const sizeSeen = await sandbox.nbdkit(["null", "512", `--filter=${name}`, ...look]);
  expect(sizeSeen).toEqual({ status: 0, stdout: "1024\n", stderr: "" });
});

it.each([
  [
    "plugin",
    `import { definePlugin } from "nbdkit-node/plugin";\nexport default definePlugin(${plugin});`,
    "512",
  ],
  ["filter", asFilter, "1024"],
])(
  "a %s in the folder of --dump-config is found by its short name, and can import this package",
  async (kind, text, size) => {
    await using sandbox = new Sandbox();
    const { stdout: config } = await sandbox.nbdkit(["--dump-config"]);
    const path = (key: string): string => new RegExp(`^${key}=(.*)$`, "m").exec(config)![1]!;
    const name = `mine${process.pid}`;
    const file = join(path(`${kind}dir`), `nbdkit-${name}-${kind}.${path("soext")}`);
    const named = kind === "plugin" ? [name] : ["null", "512", `--filter=${name}`];
    writeFileSync(file, text, { flag: "wx" });
    try {
      const sizeSeen = await sandbox.nbdkit([...named, ...look]);
      expect(sizeSeen).toEqual({ status: 0, stdout: `${size}\n`, stderr: "" });
      const { stderr } = await sandbox.nbdkit(["-v", ...named, "--run", "true"]);
      expect(stderr).toContain(`registered ${kind} ${file} (name mine)`);
      if (kind === "plugin")
        expect((await sandbox.nbdkit([name, "--dump-plugin"])).stdout).toContain(`path=${file}\n`);
    } finally {
      rmSync(file);
    }
  },
);

it.each<[string, string, RegExp, number?]>([
  ["empty.mjs", "", /has no plugin as its default export$/],
  ["text.mjs", 'export default "memory";', /has no plugin as its default export$/],
  ["nameless.mjs", "export default { open() {} };", /is no plugin: it has no name$/],
  ["closed.mjs", 'export default { name: "x" };', /is no plugin: it has no open function$/],
  [
    "wrong.mjs",
    'export default { name: "x", open: 1 };',
    /is no plugin: the member "open" must be a function, and is 1$/,
  ],
  [
    "size.mjs",
    'export default { name: "x", open() {}, parameters: { size: 1 } };',
    /its parameter size is not declared/,
  ],
  [
    "parameters.mjs",
    'export default { name: "x", open() {}, parameters: 5 };',
    /its parameters are no object$/,
  ],
  [
    "magic.mjs",
    'export default { name: "x", open() {}, magicKey: "size" };',
    /its magicKey "size" is none of its parameters$/,
  ],
  [
    "misspelt.mjs",
    'export default { name: "x", open() {}, getRaedy() {} };',
    /is no plugin: unknown member "getRaedy": did you mean "getReady"\?$/,
  ],
  [
    "unknown.mjs",
    'export default { name: "x", open() {}, licence: "BSD" };',
    /is no plugin: unknown member "licence": known are name, longname, /,
  ],
  [
    "class.mjs",
    'class Base { cleanpu() {} helper() {} } class Mine extends Base { name = "x"; open() {} } export default new Mine();',
    /is no plugin: unknown member "cleanpu": did you mean "cleanup"\?$/,
  ],
  [
    "provides.mjs",
    'export default { name: "x", open() {}, provides: ["wirte"] };',
    /is no plugin: the member "provides" must be an array of names of members that a handle may have, and is \["wirte"\]$/,
  ],
  [
    "option.mjs",
    'export default { name: "x", open() {}, parameters: { size: { parse() {}, placeholder: "", help: "", requierd: true } } };',
    /is no plugin: its parameter size: unknown member "requierd": did you mean "required"\?$/,
  ],
  ["waits.mjs", "await new Promise(() => {});", /: it waits for something that will never happen$/],
  ["throws.mjs", 'throw new Error("at the\\nstart");', /: at the start$/],
  ["nothing.cjs", "module.exports = null;", /has no plugin as its default export$/],
  ["syntax.mjs", "\nexport default {", /syntax\.mjs:2: SyntaxError: Unexpected end of input$/],
  ["syntax.cjs", "\nmodule.exports = { open( {\n};", /syntax\.cjs:3: SyntaxError: Unexpected token ';'$/],
  ["import.mjs", '\nimport { x } from "node:fs";', /import\.mjs:2: SyntaxError: .* export named 'x'$/],
  ["parse.mjs", 'JSON.parse("{");', /': Expected property name .* in JSON at position 1/],
  ["text", "hello", /is neither a JavaScript module \(.*\) nor a script that begins with #!$/],
  ["not-executable", asScript, /is not executable: use chmod \+x$/, 0o644],
  [
    "config.mjs",
    'export default { name: "x", open() {}, configComplete() { throw new Error("bad day") } };',
    /: bad day$/,
  ],
  ["ready.mjs", 'export default { name: "x", open() {}, getReady: () => Promise.reject("no") };', /: no$/],
])("%s gets one clear line at the start", async (name, text, reason, mode = 0o755) => {
  await using sandbox = new Sandbox();
  chmodSync(sandbox.file(name, text), mode);
  const outcome = await sandbox.nbdkit([`./${name}`, ...look]);
  expect(outcome).toMatchObject({ status: 1, stdout: "" });
  const [line, ...more] = outcome.stderr.trimEnd().split("\n");
  expect(line).toMatch(/^nbdkit: error: /);
  expect(line).toMatch(reason);
  expect(more).toEqual([]);
});

it.each([
  ["start", "configComplete() { badDay(); }, open() {}"],
  ["open", "open() { badDay(); }"],
  ["read", "open: () => ({ size: 512n, read() { badDay(); } })"],
])("-v shows where in a plugin an error of its %s came from", async (_when, members) => {
  await using sandbox = new Sandbox();
  const badDay = "function badDay() { throw new Error('bad day'); }";
  sandbox.file("bad.mjs", `${badDay}\nexport default { name: "bad", ${members} };`);
  const run = 'nbdsh -u "$uri" -c "h.pread(512, 0)" 2>/dev/null';
  const [loud, quiet] = [
    await sandbox.nbdkit(["-v", "./bad.mjs", "--run", run]),
    await sandbox.nbdkit(["./bad.mjs", "--run", run]),
  ];
  expect(loud.stderr).toMatch(/debug: Error: bad day\n +at badDay \(file:.*bad\.mjs:1:/);
  expect(quiet.stderr).toMatch(/error: .*bad day\n$/);
  expect(quiet.stderr.split("\n")).toHaveLength(2);
});

it.each([
  [["--filter=./none.mjs", "null"], "cannot open filter './none.mjs': no such file"],
  [["./none.mjs"], "cannot open plugin './none.mjs': no such file"],
])("the error of %j names the missing file", async (args, message) => {
  await using sandbox = new Sandbox();
  expect(await sandbox.nbdkit([...args, ...look])).toEqual({
    status: 1,
    stdout: "",
    stderr: `nbdkit: error: ${message}\n`,
  });
});

it("-V shows the version of a filter that is not part of this package", async () => {
  await using sandbox = new Sandbox();
  sandbox.file("mine.mjs", 'export default { name: "mine", version: "1.2.3" };');
  const { stdout } = await sandbox.nbdkit(["--filter=./mine.mjs", "null", "-V"]);
  expect(stdout.split("\n").slice(1, 2)).toEqual(["mine 1.2.3"]);
});

it.each(["openNext", "open"])("a filter whose %s is no function is refused at the start", async (name) => {
  await using sandbox = new Sandbox();
  sandbox.file("bad.mjs", `export default { name: "bad", ${name}: 5 };`);
  expect(await sandbox.nbdkit(["--filter=./bad.mjs", "memory", "1M", ...look])).toEqual({
    status: 1,
    stdout: "",
    stderr: expect.stringMatching(
      new RegExp(
        `^nbdkit: error: cannot open filter .* is no filter: the member "${name}" must be a function, and is 5\\n$`,
      ),
    ),
  });
});

it("a client receives an error when open returns no handle, also under filters", async () => {
  await using sandbox = new Sandbox();
  sandbox.file("none.mjs", 'export default { name: "none", open() {} };');
  const { status, stderr } = await sandbox.nbdkit(["--filter=noextents", "./none.mjs", ...look]);
  expect(status).toBe(1);
  expect(stderr).toContain("what none's open returned is no handle: it has no read function");
});

it("a syntax error in a plugin's import is reported with file and line, and no import runs", async () => {
  await using sandbox = new Sandbox();
  const note = sandbox.folder.join("note");
  sandbox.file(
    "runs.mjs",
    `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(note)}, "ran");`,
  );
  const broken = sandbox.file("broken.mjs", "const a = 1;\nexport { b };\n");
  sandbox.file("mine.mjs", `import "./runs.mjs";\nimport "./broken.mjs";\n${asModule}`);
  const { status, stderr } = await sandbox.nbdkit(["./mine.mjs", ...look]);
  expect(status).toBe(1);
  expect(stderr).toBe(
    `nbdkit: error: cannot open plugin './mine.mjs': ${broken}:2: SyntaxError: Export 'b' is not defined in module\n`,
  );
  expect(existsSync(note)).toBe(false);
});

const runsTypeScript = Boolean((process.features as { readonly typescript?: unknown }).typescript);

it.skipIf(!runsTypeScript).each([
  ["that is no TypeScript", "\nconst a: number = ;", 2],
  ["that is no JavaScript", "const a: number = 1;\n\nconst a: number = 2;", 3],
])("code %s in a TypeScript plugin is reported with file and line", async (_what, text, line) => {
  await using sandbox = new Sandbox();
  const file = sandbox.file("mine.ts", `${text}\n${asModule}`);
  expect((await sandbox.nbdkit(["./mine.ts", ...look])).stderr).toContain(`: ${file}:${line}: SyntaxError: `);
});

it("the error names ways to run a TypeScript plugin where Node cannot", async () => {
  await using sandbox = new Sandbox();
  sandbox.file("mine.ts", `const one: number = 1;\n${asModule}`);
  const { status, stdout, stderr } = await sandbox.nbdkit(["./mine.ts", ...look]);
  if (runsTypeScript) expect({ status, stdout }).toEqual({ status: 0, stdout: "512\n" });
  else
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining("does not run .ts files: use Node.js 22.18"),
    });
});

it.each([
  [[""], "plugin name cannot be an empty string: use plugins such as memory or file"],
  [["--filter=", "null"], "filter name cannot be an empty string: use filters such as cow or offset"],
])("nbdkit refuses an empty name: %j", async (args, message) => {
  await using sandbox = new Sandbox();
  const outcome = await sandbox.nbdkit([...args, "--run", "true"]);
  expect(outcome).toEqual({ status: 1, stdout: "", stderr: `nbdkit: error: ${message}\n` });
});
