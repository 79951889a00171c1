import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { builtInFilters } from "../../src/registry/filters.ts";
import { page, testDeclarations } from "../helpers/documentation.ts";
import { codeBlocks } from "../helpers/examples.ts";
import { nbdkit } from "../helpers/run.ts";
import { Scene } from "../server/scene.ts";

const names = Object.keys(builtInFilters).sort();
const pathOf = (name: string): string => `docs/filters/${name}.md`;

it("each filter has a page, and docs/filters.md a table of them", () => {
  const files = readdirSync(join(packageRoot(), "docs/filters"));
  expect(files.map((file) => basename(file, ".md")).sort()).toEqual(names);
  const rows = [...page("docs/filters.md").matchAll(/^\| \[([^\]]*)\]\(([^)]*)\) \|/gm)];
  expect(rows.map(([, name, link]) => [name, link])).toEqual(
    names.map((name) => [name, `filters/${name}.md`]),
  );
});

it.each(names)("the page of %s says what one wants to know", (name) => {
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

/** The commands of this package, and no answer when one fails. */
const prelude = `
nbdkit() { "$nbdkit" "$@"; }
PATH=${dirname(nbdkit)}:$PATH
set -e
`;

describe.concurrent("examples work as they stand:", () => {
  it.each(names)("%s", async (name) => {
    await using scene = new Scene();
    const [script, ...more] = codeBlocks(pathOf(name), "sh");
    expect(more).toEqual([]);
    const promised = [...script!.matchAll(/^# prints (.*)$/gm)].map(([, line]) => line);
    const { status, stdout, stderr } = await scene.sh(`${prelude}${script}`);
    expect(status, stderr).toBe(0);
    expect(stdout.split("\n").map(trimmed).filter(Boolean)).toEqual(promised);
    await scene.empty();
  });
});

function trimmed(line: string): string {
  return line.trim().replace(/\s+/g, " ");
}
