import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { builtInFilters } from "../../src/registry/filters.ts";
import { page, testDeclarations } from "../helpers/documentation.ts";
import { codeBlocks, runShellExample } from "../helpers/examples.ts";
import { Sandbox } from "../helpers/sandbox.ts";

const names = Object.keys(builtInFilters).sort();
const pathOf = (name: string): string => `docs/filters/${name}.md`;

it("each filter has a page and a row in docs/filters.md", () => {
  const files = readdirSync(join(packageRoot(), "docs/filters"));
  expect(files.map((file) => basename(file, ".md")).sort()).toEqual(names);
  const rows = [...page("docs/filters.md").matchAll(/^\| \[([^\]]*)\]\(([^)]*)\) \|/gm)];
  expect(rows.map(([, name, link]) => [name, link])).toEqual(
    names.map((name) => [name, `filters/${name}.md`]),
  );
});

it.each(names)("the page of %s has all sections", (name) => {
  const prose = page(pathOf(name)).replace(/^```.*?^```$/gms, "");
  expect(prose.match(/^#.*$/gm)).toEqual([
    `# ${name}`,
    "## Parameters",
    "## Example",
    "## What is different from nbdkit",
    "## See also",
  ]);
});

testDeclarations("docs/filters/NAME.md", builtInFilters, (name) => page(pathOf(name)));

describe.concurrent("the example on the page of the filter works:", () => {
  it.each(names)("%s", async (name) => {
    await using sandbox = new Sandbox();
    const [script, ...more] = codeBlocks(pathOf(name), "sh");
    expect(more).toEqual([]);
    await runShellExample(sandbox, script!);
  });
});
