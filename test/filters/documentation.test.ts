import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { builtInFilters } from "../../src/registry/filters.ts";
import { testPage } from "../helpers/documentation.ts";

testPage("docs/filters.md", builtInFilters);

it("docs/filters.md begins with a table of all of them", () => {
  const page = readFileSync(join(packageRoot(), "docs/filters.md"), "utf8");
  const rows = [...page.matchAll(/^\| \[([^\]]*)\]\(#([^)]*)\) \|/gm)].map(([, name, anchor]) => [
    name,
    anchor,
  ]);
  expect(rows).toEqual(
    Object.keys(builtInFilters)
      .sort()
      .map((name) => [name, name]),
  );
});
