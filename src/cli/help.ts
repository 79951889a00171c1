import type { AnyFilter, AnyPlugin } from "../chain/component.ts";
import type { Parameter } from "../contract/parameter.ts";
import type { Components } from "../registry/assemble.ts";
import type { Loaded } from "../registry/find.ts";
import { factsText } from "./manual/facts.ts";
import { optionFacts } from "./manual/option-facts.ts";
import { type Option, options } from "./option-table.ts";

/** Returns the output of --help: the options, and the parameters of the named plugin and filters. */
export function helpText(components: Components | undefined): string {
  const parts = [
    "nbdkit [OPTIONS] PLUGIN [[KEY=]VALUE [KEY=VALUE [...]]]",
    "nbdkit --dump-config\nnbdkit PLUGIN --dump-plugin\nnbdkit [PLUGIN] --help\nnbdkit [PLUGIN] [-V|--version]",
    table(options.map(optionRow)),
  ];
  if (components !== undefined) {
    for (const filter of components.filters) parts.push(componentHelp("filter", filter));
    parts.push(componentHelp("plugin", components.plugin));
  }
  return `${parts.join("\n\n")}\n`;
}

function optionRow({ id, short, long, value, help }: Option): Row {
  const names = [...(short === undefined ? [] : [`-${short}`]), `--${long[0]}`].join("|");
  const facts = factsText(optionFacts[id] ?? {});
  return [value === undefined ? names : `${names} ${value}`, `${help}${facts}`];
}

function componentHelp(kind: string, { definition, path }: Loaded<AnyPlugin | AnyFilter>): string {
  const title = `${kind}: ${definition.name}${definition.longname === undefined ? "" : ` (${definition.longname})`}`;
  const magic = "magicKey" in definition ? definition.magicKey : undefined;
  const parameters: [string, Parameter][] = Object.entries(definition.parameters ?? {});
  const rows = parameters.map(([key, parameter]) => parameterRow(key, parameter, key === magic));
  const description = definition.description === undefined ? [] : [definition.description];
  return [title, `(${path()})`, ...description, ...(rows.length === 0 ? [] : [table(rows)])].join("\n");
}

function parameterRow(key: string, parameter: Parameter, isMagic: boolean): Row {
  const { placeholder, help, required } = parameter;
  const name = isMagic ? `[${key}=]` : `${key}=`;
  const use = required === true ? "(required) " : "";
  return [`${name}<${placeholder}>`, `${use}${help}${factsText(parameter, placeholder)}`];
}

type Row = readonly [left: string, right: string];

function table(rows: readonly Row[]): string {
  const width = Math.min(Math.max(...rows.map(([left]) => left.length)), 34);
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`).join("\n");
}
