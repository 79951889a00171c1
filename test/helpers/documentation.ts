import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AnyFilter, AnyPlugin } from "../../src/chain/component.ts";
import { packageRoot } from "../../src/core/package-root.ts";

type Registry = Readonly<Record<string, () => Promise<{ readonly default: AnyPlugin | AnyFilter }>>>;

/** Returns a page of the documentation, or another text file of the package. */
export function page(path: string): string {
  return readFileSync(join(packageRoot(), path), "utf8");
}

/** Checks a page with a section for each plugin. */
export function testSections(path: string, registry: Registry): void {
  const [, ...sections] = page(path).split(/^## /m);

  it(`${path} has a section for each plugin or filter, in the order of their names`, () => {
    expect(sections.map((section) => section.split("\n", 1)[0])).toEqual(Object.keys(registry).sort());
  });
  testDeclarations(path, registry, (name) => sections.find((section) => section.startsWith(`${name}\n`))!);
}

/** Checks that the documentation lists the declared debug flags, and has a place for the parameters. */
export function testDeclarations(where: string, registry: Registry, textOf: (name: string) => string): void {
  describe(where, () => {
    it.each(Object.keys(registry))("the page documents the debug flags of %s", async (name) => {
      const { debugFlags = [] } = (await registry[name]!()).default;
      for (const flag of debugFlags) expect(textOf(name)).toContain(`-D ${name}.${flag}=1`);
    });

    it.each(Object.keys(registry))("the page says whether %s has parameters", async (name) => {
      const { parameters } = (await registry[name]!()).default;
      // The table itself is generated: test/reference.test.ts.
      const has = { table: parameters !== undefined, sentence: parameters === undefined };
      const text = textOf(name);
      expect({
        table: /^\| parameter \|/m.test(text),
        sentence: text.includes("It has no parameters.\n"),
      }).toEqual(has);
    });
  });
}
