import { describe, it } from "vitest";
import type { AnyFilter } from "../../src/chain/component.ts";
import memory from "../../src/plugins/memory.ts";
import { builtInFilters } from "../../src/registry/filters.ts";
import { conformanceChecks } from "../../src/testing/conformance.ts";
import { Random } from "../../src/testing/random.ts";
import { randomStack, textOf, transparentFilters, wordFilters } from "../helpers/transparent.ts";

/** The environment variable STACKS sets the number of stacks, for a longer run. */
const count = Number(process.env.STACKS ?? 12);

const all = [...transparentFilters, ...wordFilters];
const stacks = Array.from({ length: count }, (_, seed) => randomStack(new Random(seed), all));

describe("memory under three filters keeps the plugin contract:", () => {
  it.each(stacks.map((stack) => [textOf(stack), stack] as const))("%s", async (_title, stack) => {
    const loaded = await Promise.all(stack.names.map((name) => builtInFilters[name]!()));
    const filters = loaded.map(({ default: filter }) => filter as AnyFilter);
    const parameters = { size: "300K", ...stack.parameters };
    for (const { name, run } of conformanceChecks({
      plugin: memory,
      filters,
      parameters,
      connections: 3,
      runs: 2,
    })) {
      await run().catch((cause) => {
        throw new Error(`it ${name}: ${cause}`, { cause });
      });
    }
  });
});
