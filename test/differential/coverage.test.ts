import { describe, expect, it } from "vitest";
import { builtInFilters } from "../../src/registry/filters.ts";
import { builtInPlugins } from "../../src/registry/plugins.ts";
import { cases } from "./cases.ts";
import { filterUses } from "./filter-cases.ts";
import { images, pluginUses } from "./plugin-cases.ts";
import { refusals } from "./refusals.ts";

/** Plugins that Debian's packages of nbdkit do not have. */
const notInstalled = ["example1", "example2", "example3"];

/** Parameters with another use: a test of their own, because they need a second server or a file. */
const usedElsewhere: Readonly<Record<string, string>> = {
  nbd: "test/interop/plugin-nbd.test.ts",
};

/** Parameters that nbdkit does not have, and those whose names the user chooses. */
const notNamed: Readonly<Record<string, readonly string[]>> = {
  data: ["NAME"],
  eval: ["KEY"],
  exitlast: ["exitlast-grace"],
};

const errorKinds = ["", "-pread", "-pwrite", "-trim", "-zero", "-extents", "-cache"];

/** Parameters that accept every text: names of files that may appear later, names of exports, scripts. */
const acceptsAll: Readonly<Record<string, readonly string[]>> = {
  delay: ["delay-trigger"],
  error: errorKinds.map((kind) => `error${kind}-file`),
  exitwhen: ["exit-when-file-created", "exit-when-file-deleted", "exit-when-script"],
  exportname: ["exportname"],
  log: ["logscript"],
  rate: ["rate-file", "connection-rate-file"],
  tar: ["tar"],
  "tls-fallback": ["tlsreadme"],
};

/** Each parameter of eval is a script, and refused only when it is given again: see pread=. */
const scripts = ["eval"];

interface Named {
  readonly args: readonly string[];
}

const uses: readonly Named[] = [
  ...pluginUses,
  ...images.map((args) => ({ args })),
  ...Object.entries(filterUses).flatMap(([filter, list]) =>
    list.map(({ args }) => ({ args: [`--filter=${filter}`, ...args.split(" ")] })),
  ),
];

/** Whether one of the command lines gives the parameter to the plugin or filter. */
function isGiven(
  list: readonly Named[],
  component: string,
  names: readonly string[],
  isMagic: boolean,
): boolean {
  return list.some(({ args }) => {
    const words = args.slice(args.indexOf(component) + 1);
    if (!args.includes(component) && !args.includes(`--filter=${component}`)) return false;
    const isKey = (word: string): boolean => names.some((name) => word.startsWith(`${name}=`));
    return words.some((word) => isKey(word) || (isMagic && !/^[\w-]+=/.test(word)));
  });
}

interface Declared {
  readonly parameters?: Readonly<Record<string, { readonly aliases?: readonly string[] }>>;
  readonly magicKey?: string;
}

async function gaps(
  kind: "plugin" | "filter",
  list: readonly Named[],
  excused: (name: string, key: string) => boolean,
) {
  const registry = kind === "plugin" ? builtInPlugins : builtInFilters;
  const found: string[] = [];
  for (const [name, load] of Object.entries(registry)) {
    const { parameters = {}, magicKey }: Declared = (await load()).default;
    for (const [key, { aliases = [] }] of Object.entries(parameters)) {
      if (notInstalled.includes(name) || name in usedElsewhere || excused(name, key)) continue;
      if (notNamed[name]?.includes(key)) continue;
      if (!isGiven(list, name, [key, ...aliases], key === magicKey)) found.push(`${name} ${key}=`);
    }
  }
  return found;
}

describe("the cases that are compared with nbdkit", () => {
  it("contain a use of each plugin and filter", () => {
    const named = uses.flatMap(({ args }) => args);
    const missing = [
      ...Object.keys(builtInPlugins).filter((name) => !named.includes(name)),
      ...Object.keys(builtInFilters).filter((name) => !(name in filterUses)),
    ];
    expect(missing.filter((name) => !notInstalled.includes(name) && !(name in usedElsewhere))).toEqual([]);
  });

  it.each(["plugin", "filter"] as const)("give each parameter of each %s an accepted value", async (kind) => {
    expect(await gaps(kind, uses, () => false)).toEqual([]);
  });

  it.each(["plugin", "filter"] as const)("give each parameter of each %s a refused value", async (kind) => {
    const excused = (name: string, key: string): boolean =>
      scripts.includes(name) || acceptsAll[name]?.includes(key) === true;
    const refused = Object.values(cases)
      .flat()
      .filter(({ words }) => words !== undefined);
    expect(await gaps(kind, [...refusals, ...refused], excused)).toEqual([]);
  });
});
