// Writes the reference of the options of the commands, and of the parameters of plugins and filters, from
// their declarations. The declarations are those that the commands parse with.
import { readFileSync } from "node:fs";
import { optionFacts } from "../../dist/cli/manual/option-facts.js";
import { optionTexts } from "../../dist/cli/manual/option-texts.js";
import { commands } from "../../dist/cli/nbd/commands.js";
import { options } from "../../dist/cli/option-table.js";
import { builtInFilters } from "../../dist/registry/filters.js";
import { builtInPlugins } from "../../dist/registry/plugins.js";
import { gapsOf, optionTable, parameterRows, parameterTable } from "./tables.js";

const generated = "Generated from the declarations in the sources by `npm run reference`.";

const placeholders = `A value is given as \`KEY=VALUE\`. The key in brackets may be left out. \`SIZE\` is a number of bytes (0x
begins a hexadecimal number, 0 an octal one), which may have one of the suffixes k, M, G, T, P, E (powers of 1024) or s (512 bytes), with
one \`_\` before it where the suffix would be a digit: \`0x1_E\`. \`DELAY\` is a number of seconds, or has one of the
units s, ms, us and ns. \`BOOL\` is true or false, yes or no, on or off, 1 or 0. When a key is given again, the last value counts,
unless the table says otherwise.`;

/** Returns the pages as [path, text], and the gaps in the declarations. */
export async function optionPages() {
  const [plugins, filters] = [await loaded(builtInPlugins), await loaded(builtInFilters)];
  const nbdkit = options.map(nbdkitOption);
  const nbd = commands.map(({ name, usage, options: table }) => [name, usage, nbdOptions(table)]);
  return {
    pages: [
      ["docs/reference/command-options.md", commandPage(nbdkit)],
      ["docs/reference/nbd-options.md", nbdPage(nbd)],
      ["docs/reference/plugin-parameters.md", parameterPage("plugin", plugins)],
      ["docs/reference/filter-parameters.md", parameterPage("filter", filters)],
      ["docs/plugins.md", withTables(read("docs/plugins.md"), plugins)],
      ...[...filters].map(([name, filter]) => {
        const path = `docs/filters/${name}.md`;
        return [path, withTable(read(path), filter)];
      }),
    ],
    gaps: [
      ...gapsOf("nbdkit", nbdkit),
      ...nbd.flatMap(([name, , rows]) => gapsOf(`nbd ${name}`, rows)),
      ...[...plugins, ...filters].flatMap(([name, component]) => gapsOf(name, parameterRows(component))),
    ],
  };
}

async function loaded(registry) {
  const names = Object.keys(registry).sort();
  return new Map(await Promise.all(names.map(async (name) => [name, (await registry[name]()).default])));
}

function nbdkitOption({ id, short, long, value }) {
  const names = [...(short === undefined ? [] : [`-${short}`]), ...long.map((name) => `--${name}`)];
  return {
    name: `--${long[0]}`,
    forms: [...names.slice(0, -1), value === undefined ? names.at(-1) : `${names.at(-1)} ${value}`],
    help: optionTexts[id],
    takesValue: value !== undefined,
    placeholder: value,
    facts: optionFacts[id] ?? {},
  };
}

function nbdOptions(table) {
  const forms = { flag: () => "", value: (value) => `=${value}`, optional: (value) => `[=${value}]` };
  return Object.entries(table).map(([name, { kind, short, value, help, ...facts }]) => ({
    name: `--${name}`,
    forms: [...(short === undefined ? [] : [`-${short}`]), `--${name}${forms[kind](value)}`],
    help: `${help}.`,
    takesValue: kind !== "flag",
    placeholder: value,
    facts,
  }));
}

function commandPage(rows) {
  return page("Options of nbdkit", [
    "The words after the plugin are its [parameters](plugin-parameters.md) and those of the",
    "[filters](filter-parameters.md). Long options may be abbreviated to a unique prefix.",
    "",
    ...optionTable(rows),
  ]);
}

function nbdPage(groups) {
  const sections = groups.flatMap(([name, usage, rows]) => [
    ...[`## nbd ${name}`, "", "```text", usage, "```", ""],
    ...[...optionTable(rows), ""],
  ]);
  return page("Options of nbd", sections);
}

const links = { plugin: (name) => `../plugins.md#${name}`, filter: (name) => `../filters/${name}.md` };

function parameterPage(kind, components) {
  const sections = [...components].flatMap(([name, component]) => [
    `## ${name}`,
    "",
    `[About this ${kind}](${links[kind](name)}).`,
    "",
    ...(component.parameters === undefined ? ["It has no parameters."] : parameterTable(component)),
    "",
  ]);
  return page(`Parameters of the ${kind}s`, [placeholders, "", ...sections]);
}

function page(title, lines) {
  return `${[`# ${title}`, "", generated, "", ...lines].join("\n").trimEnd()}\n`;
}

function withTables(text, components) {
  const [head, ...sections] = text.split(/^(?=## )/m);
  const nameOf = (section) => /^## (.*)/.exec(section)[1];
  return [head, ...sections.map((section) => withTable(section, components.get(nameOf(section))))].join("");
}

/** Renews the table of parameters in a page or section. */
function withTable(text, component) {
  const table = /^\| parameter \|.*\n(?:\|.*\n)*/m;
  if (component?.parameters === undefined) return text;
  if (!table.test(text)) throw new Error(`the page has no table of parameters: ${text.split("\n", 1)[0]}`);
  return text.replace(table, () => `${parameterTable(component).join("\n")}\n`);
}

function read(path) {
  return readFileSync(path, "utf8");
}
