import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AnyFilter, AnyPlugin } from "../../src/backend/component.ts";
import type { Parameter } from "../../src/backend/parameter.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import { formatSize } from "../../src/core/size.ts";

type Registry = Readonly<Record<string, () => Promise<{ readonly default: AnyPlugin | AnyFilter }>>>;

/** Keeps a page true that has a section for each plugin, or for each filter. */
export function testPage(path: string, registry: Registry): void {
  const page = readFileSync(join(packageRoot(), path), "utf8");
  const section = (name: string): string =>
    page.split(/^## /m).find((part) => part.startsWith(`${name}\n`)) ?? "";

  describe(path, () => {
    it("has a section for each, in the order of their names", () => {
      const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, name]) => name);
      expect(sections).toEqual(Object.keys(registry).sort());
    });

    it.each(Object.keys(registry))("tells the debug flags of %s", async (name) => {
      const { debugFlags = [] } = (await registry[name]!()).default;
      for (const flag of debugFlags) expect(section(name)).toContain(`-D ${name}.${flag}=1`);
    });

    it.each(Object.keys(registry))("tells the parameters of %s", async (name) => {
      const { default: component } = await registry[name]!();
      if (component.parameters === undefined) expect(section(name)).toContain("It has no parameters.");
      else expect(section(name)).toContain(parameterTable(component));
    });
  });
}

/** What the page must say about parameters; declare them, run this test, and copy the table from what it prints. */
function parameterTable(component: AnyPlugin | AnyFilter): string {
  const { magicKey, catchAllKey, parameters = {} } = component as AnyPlugin;
  const rows = Object.entries(parameters as Record<string, Parameter>).map(([key, declared]) => {
    const name = key === magicKey ? `[${key}=]` : `${key}=`;
    const use = declared.required === true ? " Required." : defaultOf(declared);
    const placeholder = declared.placeholder.replaceAll("|", "\\|");
    return `| \`${name}${key === catchAllKey ? "..." : placeholder}\` | ${declared.help}.${use} |`;
  });
  return ["| parameter | |", "| --- | --- |", ...rows].join("\n");
}

function defaultOf({ default: value, placeholder }: Parameter): string {
  if (typeof value === "bigint") return ` Default ${formatSize(value)}.`;
  if (typeof value === "boolean") return ` Default ${value ? "yes" : "no"}.`;
  // Delays are kept in ms, and written in seconds.
  if (typeof value === "number") return ` Default ${placeholder === "DELAY" ? `${value / 1000}s` : value}.`;
  return typeof value === "string" && value !== "" ? ` Default ${value.trimEnd()}.` : "";
}
