import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AnyFilter, AnyPlugin } from "../../src/backend/component.ts";
import type { Parameter } from "../../src/backend/parameter.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import { formatSize } from "../../src/core/size.ts";

type Load = () => Promise<{ readonly default: AnyPlugin | AnyFilter }>;

/** A page of docs/ that has a section for each plugin or filter. */
export function testPage(name: string, components: Readonly<Record<string, Load>>): void {
  const page = readFileSync(join(packageRoot(), "docs", name), "utf8");
  const section = (component: string): string =>
    page.split(/^## /m).find((part) => part.startsWith(`${component}\n`)) ?? "";

  describe(`docs/${name}`, () => {
    it("has a section for each, in the order of their names", () => {
      const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
      expect(sections).toEqual(Object.keys(components).sort());
    });

    it.each(Object.keys(components))("tells the parameters of %s", async (component) => {
      const { default: definition } = await components[component]!();
      if (definition.parameters === undefined) expect(section(component)).toContain("It has no parameters.");
      else expect(section(component)).toContain(parameterTable(definition));
    });
  });
}

/** What the page must say about parameters; declare them, run this test, and copy the table from what it prints. */
function parameterTable(definition: AnyPlugin | AnyFilter): string {
  const { parameters = {}, magicKey, catchAllKey } = definition as AnyPlugin;
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
  return typeof value === "string" ? ` Default ${value}.` : "";
}
