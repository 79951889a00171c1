import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AnyFilter, AnyPlugin } from "../../src/chain/component.ts";
import type { Parameter } from "../../src/contract/parameter.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import { formatSize } from "../../src/core/size.ts";

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

/** Checks that the documentation lists the declared parameters and debug flags. */
export function testDeclarations(where: string, registry: Registry, textOf: (name: string) => string): void {
  describe(where, () => {
    it.each(Object.keys(registry))("the page documents the debug flags of %s", async (name) => {
      const { debugFlags = [] } = (await registry[name]!()).default;
      for (const flag of debugFlags) expect(textOf(name)).toContain(`-D ${name}.${flag}=1`);
    });

    it.each(Object.keys(registry))("the page documents exactly the parameters of %s", async (name) => {
      const { default: component } = await registry[name]!();
      const [table] = /^\| parameter \|.*\n(?:\|.*\n)*/m.exec(textOf(name)) ?? [];
      if (component.parameters === undefined) expect(textOf(name)).toContain("It has no parameters.\n");
      expect(table).toBe(parameterTable(component));
    });
  });
}

/**
 * Returns the table of parameters that the page must contain. After a new declaration, run this test and copy
 * the table from its output.
 */
function parameterTable(component: AnyPlugin | AnyFilter): string | undefined {
  const { magicKey, catchAllKey, parameters } = component as AnyPlugin;
  if (parameters === undefined) return undefined;
  const rows = Object.entries(parameters as Record<string, Parameter>).map(([key, declared]) => {
    const name = key === magicKey ? `[${key}=]` : `${key}=`;
    const use = declared.required === true ? " Required." : defaultOf(declared);
    const placeholder = declared.placeholder.replaceAll("|", "\\|");
    return `| \`${name}${key === catchAllKey ? "..." : placeholder}\` | ${declared.help}.${use} |`;
  });
  return ["| parameter | |", "| --- | --- |", ...rows, ""].join("\n");
}

function defaultOf({ default: value, placeholder }: Parameter): string {
  if (typeof value === "bigint") return ` Default ${formatSize(value)}.`;
  if (typeof value === "boolean") return ` Default ${value ? "yes" : "no"}.`;
  // Delays are stored in ms and documented in seconds.
  if (typeof value === "number") return ` Default ${placeholder === "DELAY" ? `${value / 1000}s` : value}.`;
  return typeof value === "string" && value !== "" ? ` Default ${value.trimEnd().replace(/\.$/, "")}.` : "";
}
