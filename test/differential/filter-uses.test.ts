import { beforeAll, expect, it } from "vitest";
import { nbdkit } from "../helpers/run.ts";
import { filterUses } from "./filter-cases.ts";
import { describeWithOracle, isInOracle, oracle, skipForOther } from "./oracle.ts";
import { differences, type Seen, type Served, seenOf } from "./uses.ts";

interface Named extends Served {
  readonly title: string;
}

/** Our file announces fast zeroes. */
const alwaysUnlike = ["can_fast_zero"];

const uses: readonly Named[] = Object.entries(filterUses).flatMap(([filter, list]) =>
  list.map(({ args, disk = "file disk", without = [], ...use }) => {
    const title = `--filter=${filter} ${disk} ${args}`.trimEnd();
    return { ...use, without: [...without, ...alwaysUnlike], title, args: title.split(" ") };
  }),
);

describeWithOracle(["nbdsh"], "a disk below one of our filters is the same as with nbdkit:", () => {
  let theirs: ReadonlyMap<Served, Seen>;
  let ours: ReadonlyMap<Served, Seen>;

  beforeAll(async () => {
    const possible = uses.filter(isInOracle);
    const answers = async (program: string) => {
      const seen = await seenOf(program, possible);
      return new Map(possible.map((use, at) => [use, seen[at]!]));
    };
    [theirs, ours] = await Promise.all([answers(oracle), answers(nbdkit)]);
  }, 300_000);

  it.for(uses.map((use) => [use.title, use] as const))("%s", ([_title, use], context) => {
    skipForOther(use, context);
    expect(differences(theirs.get(use)!, ours.get(use)!)).toEqual([]);
  });
});
