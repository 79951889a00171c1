import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../src/core/package-root.ts";
import { project } from "./helpers/examples.ts";
import type { Folder } from "./helpers/folder.ts";
import { run } from "./helpers/run.ts";

const tsc = join(packageRoot(), "node_modules/.bin/tsc");
const imports = `import { intercept, choice, defineFilter, applyChanges, size, sleep } from "nbdkit-node/filter";`;

/**
 * Compiles a source against the package's declarations, as a user does, and returns the numbers of the lines
 * with errors.
 */
async function refusedLines(folder: Folder, code: string): Promise<readonly number[]> {
  folder.file("filter.mts", code);
  const options = ["--strict", "--declaration", "--target", "es2022", "--module", "nodenext", "--types", ""];
  const { status, stdout, stderr } = await run(tsc, [...options, "filter.mts"], { cwd: folder.path });
  const lines = [...stdout.matchAll(/^filter\.mts\((\d+),/gm)].map(([, line]) => Number(line));
  expect(status === 0, stdout + stderr).toBe(lines.length === 0);
  return [...new Set(lines)];
}

it("the compiler derives the types of a filter's values, state and next layer", async () => {
  using folder = project();
  const filter = `${imports}
interface State { readonly shift: bigint; readonly tone: "low" | "high"; count: number; work?: Promise<void> }
export default defineFilter({
  name: "mine",
  parameters: {
    shift: size({ default: 0n, help: "a" }),
    limit: size({ help: "b" }),
    tone: choice(["low", "high"], { required: true, help: "c" }),
  },
  configComplete({ shift, limit, tone }, host): State {
    host.debug(limit === undefined ? "no limit" : String(limit + shift));
    return { shift, tone, count: 0 };
  },
  threadModel: ({ tone }, below) => (tone === "low" ? "serialize_requests" : below),
  afterFork(state, host) {
    state.work = sleep(1000, host.stopping).catch(() => {});
  },
  async openNext(next, _state, request) {
    const [one, two] = [await next(request), await next({ ...request, readOnly: true })];
    return applyChanges(one, { read: (into, offset) => two.read(into, offset), close: () => two.close?.() });
  },
  open: (next, state, request) => ({
    ...intercept(next, request, async (operation, perform) => {
      state.count += operation.kind === "write" ? operation.from.length : 0;
      return perform();
    }),
    size: next.size - state.shift,
  }),
  cleanup: (state) => state.work,
});
`;
  expect(await refusedLines(folder, filter)).toEqual([]);
});

const mistakes = [
  "open: (next) => ({ read: (into, offset) => next.read(into, 5) })",
  "open: (next) => ({ write: (from, offset, flags) => next.write(from, offset, flags) })",
  "open: (next) => next.pread()",
  "open: () => ({ raed: () => {} })",
  "open: () => ({ size: 5 })",
  "open: () => 5",
  "open: () => {}",
  "openNext: () => undefined",
  "openNext: (next) => next()",
  "openNext: (next, _state, request) => next({ ...request, exportName: 5 })",
  "listExports: () => [{ description: 'x' }]",
  "defaultExport: () => 5",
  "threadModel: 'some'",
  "opne: () => ({})",
  "parameters: { a: 5 }",
  "parameters: { a: choice(['b'], { default: 'c', help: '' }) }",
  "parameters: { a: size({ help: '' }) }, open: (next, { a }) => ({ size: a + 1n })",
  "parameters: { a: size({ help: '' }) }, open: (next, { b }) => ({})",
  "configComplete: () => ({ a: 1 }), open: (next, { b }) => ({})",
  "open: (next, _state, request) => intercept(next, request, ({ from }, perform) => perform())",
];

it("the compiler refuses mistakes in a filter", async () => {
  using folder = project();
  const filters = mistakes.map(
    (members, at) => `export const filter${at} = defineFilter({ name: "mine", ${members} });`,
  );
  const refused = await refusedLines(folder, [imports, ...filters].join("\n"));
  expect(mistakes.filter((_, at) => !refused.includes(at + 2))).toEqual([]);
});

it("conformanceChecks accepts definitions, names and paths in TypeScript", async () => {
  using folder = project();
  const checks = (subject: string): string =>
    `for (const { name, run } of conformanceChecks(${subject})) void [name, run];`;
  const lines = [
    `import { conformanceChecks } from "nbdkit-node/testing";`,
    checks(
      `{ plugin: "memory", filters: ["cow", { name: "mine" }], parameters: { size: "1M" }, seed: 3, connections: 3 }`,
    ),
    checks(`{ plugin: { name: "mine", open: () => ({ size: 1n, read: (into) => void into.fill(0) }) } }`),
    checks("{ plugin: 5 }"),
    checks(`{ plugin: "memory", filters: [5] }`),
    checks(`{ plugin: "memory", writes: "lost" }`),
  ];
  expect(await refusedLines(folder, lines.join("\n"))).toEqual([4, 5, 6]);
});
