import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AnyPlugin } from "../../src/backend/component.ts";
import type { Parameter } from "../../src/backend/parameter.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import { formatSize } from "../../src/core/size.ts";
import { builtInPlugins } from "../../src/registry/plugins.ts";

const page = readFileSync(join(packageRoot(), "docs/plugins.md"), "utf8");

/** The part of the page about one plugin. */
function section(name: string): string {
  return page.split(/^## /m).find((part) => part.startsWith(`${name}\n`)) ?? "";
}

/** What the page must say about parameters; declare them, run this test, and copy the table from what it prints. */
function parameterTable({ parameters = {}, magicKey, catchAllKey }: AnyPlugin): string {
  const rows = Object.entries(parameters as Record<string, Parameter>).map(([key, declared]) => {
    const name = key === magicKey ? `[${key}=]` : `${key}=`;
    const use = declared.required === true ? " Required." : defaultOf(declared);
    const placeholder = declared.placeholder.replaceAll("|", "\\|");
    return `| \`${name}${key === catchAllKey ? "..." : placeholder}\` | ${declared.help}.${use} |`;
  });
  return ["| parameter | |", "| --- | --- |", ...rows].join("\n");
}

function defaultOf({ default: value }: Parameter): string {
  if (typeof value === "bigint") return ` Default ${formatSize(value)}.`;
  if (typeof value === "boolean") return ` Default ${value ? "yes" : "no"}.`;
  return typeof value === "string" || typeof value === "number" ? ` Default ${value}.` : "";
}

describe("docs/plugins.md", () => {
  it("has a section for each plugin, in the order of their names", () => {
    const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, name]) => name);
    expect(sections).toEqual(Object.keys(builtInPlugins).sort());
  });

  it.each(Object.keys(builtInPlugins))("tells the parameters of %s", async (name) => {
    const { default: plugin } = await builtInPlugins[name]!();
    if (plugin.parameters === undefined) expect(section(name)).toContain("It has no parameters.");
    else expect(section(name)).toContain(parameterTable(plugin));
  });
});
