import { beforeAll, expect, it } from "vitest";
import { filterUses } from "./filter-cases.ts";
import { describeWithOracle, skipForOther } from "./oracle.ts";
import { pluginUses } from "./plugin-cases.ts";
import { compare, type Served } from "./uses.ts";

/** Our file announces fast zeroes. */
const alwaysUnlike = ["can_fast_zero"];

const overFilters: readonly Served[] = Object.entries(filterUses).flatMap(([filter, list]) =>
  list.map(({ args, disk = "file disk", without = [], ...use }) => {
    const words = `--filter=${filter} ${disk} ${args}`.trimEnd().split(" ");
    return { ...use, without: [...without, ...alwaysUnlike], args: words };
  }),
);

const tables: readonly (readonly [string, readonly Served[]])[] = [
  ["a disk of one of our plugins is the same as with nbdkit:", pluginUses],
  ["a disk below one of our filters is the same as with nbdkit:", overFilters],
];

for (const [title, uses] of tables) {
  describeWithOracle(["nbdsh"], title, () => {
    let differencesOf: (use: Served) => readonly string[];
    beforeAll(async () => {
      differencesOf = await compare(uses);
    }, 300_000);

    it.for(uses.map((use) => [use.args.join(" "), use] as const))("%s", ([_title, use], context) => {
      skipForOther(use, context);
      expect(differencesOf(use)).toEqual([]);
    });
  });
}
