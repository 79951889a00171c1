import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keys, valueFor } from "../helpers/answers.ts";
import { nbdkit, type Outcome, outcomeOf, run } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { descriptions } from "../plugins/data/descriptions.ts";
import { describeWithOracle, oracle } from "./oracle.ts";
import { images, keptQuiet } from "./plugin-cases.ts";

interface Image {
  readonly status: number;
  readonly stderr: string;
  readonly bytes: Buffer | undefined;
  /** Output of nbdinfo --map. */
  readonly map: string;
}

/** Reads the whole disk with nbdcopy and nbdinfo. */
async function imageOf(program: string, args: readonly string[]): Promise<Image> {
  await using sandbox = new Sandbox();
  sandbox.file("one", "first file\n");
  sandbox.file("two", "x".repeat(5000));
  sandbox.file("three", "");
  const look = 'nbdinfo --map "$uri" && nbdcopy "$uri" image';
  const outcome = await outcomeOf(
    sandbox.start(program, ["-U", "socket", ...args, "--run", look], { timeout: 60_000 }),
  );
  const { status, stdout: map, stderr } = outcome;
  return {
    status,
    stderr,
    map,
    bytes: status === 0 ? readFileSync(sandbox.folder.join("image")) : undefined,
  };
}

/**
 * Returns the pages of 32 KiB with data. Only these are comparable: nbdkit's memory has no smaller pages, and
 * reports some pages as zero that nbdkit-node reports as a hole.
 */
function dataPages(map: string): readonly number[] {
  const pages = new Set<number>();
  for (const [, offset, length, type] of map.matchAll(/^ *(\d+) +(\d+) +(\d+) /gm)) {
    if (type !== "0") continue;
    const end = Number(offset) + Number(length);
    for (let page = Math.floor(Number(offset) / 32_768); page * 32_768 < end; page++) pages.add(page);
  }
  return [...pages];
}

describeWithOracle(["nbdinfo", "nbdcopy"], "our disks in memory contain the same bytes as nbdkit's:", () => {
  it.each(images.map((args) => [args.join(" "), args] as const))("%s", async (_title, args) => {
    const [theirs, ours] = [await imageOf(oracle, args), await imageOf(nbdkit, args)];
    expect(theirs.stderr).toBe("");
    expect(ours).toMatchObject({ status: 0, stderr: "" });
    expect(ours.bytes?.equals(theirs.bytes!)).toBe(true);
    const inMemory = ["data", "memory"].includes(args.find((word) => !word.startsWith("-"))!);
    if (inMemory) expect(dataPages(ours.map)).toEqual(dataPages(theirs.map));
    else expect(ours.map).toBe(theirs.map);
  });

  it("data with random descriptions", async () => {
    const samples = fc.sample(descriptions, { numRuns: 200, seed: 1 }).filter(({ text, bytes }) => {
      try {
        return text.length < 2000 && bytes({}).length > 0;
      } catch {
        return false;
      }
    });
    expect(samples.length).toBeGreaterThan(20);
    const [whole, bytes] = [samples.slice(0, 60), samples.slice(0, 60).map((sample) => sample.bytes({}))];
    const args = ["data", whole.map(({ text }) => text).join("\n")];
    const [theirs, ours] = [await imageOf(oracle, args), await imageOf(nbdkit, args)];
    expect(ours.bytes).toEqual(Buffer.concat(bytes));
    expect(theirs.bytes).toEqual(Buffer.concat(bytes));
  });
});

describeWithOracle([], "our plugins describe themselves like nbdkit's plugins:", () => {
  const plugins = [
    "data",
    "file",
    "full",
    "info",
    "memory",
    "nbd",
    "null",
    "pattern",
    "random",
    "sparse-random",
    "split",
    "zero",
  ];
  describe.each(plugins)("%s", (plugin) => {
    it("--dump-plugin", async () => {
      const args = [plugin, "--dump-plugin"];
      const [theirs, ours] = [await run(oracle, args), await run(nbdkit, args)];
      expect(keys(theirs).filter((key) => !keptQuiet.test(key) && !keys(ours).includes(key))).toEqual([]);
      const same = ["name", "thread_model", "errno_is_preserved", "magic_config_key"];
      for (const key of same) expect(valueFor(ours, key), key).toBe(valueFor(theirs, key));
    });

    it("--help", async () => {
      const [theirs, ours] = [await run(oracle, [plugin, "--help"]), await run(nbdkit, [plugin, "--help"])];
      const named = ({ stdout }: Outcome) =>
        [...stdout.slice(stdout.indexOf("plugin: ")).matchAll(/^\[?([\w|-]+)\]?=/gm)]
          .flatMap(([, names]) => names!.split("|"))
          // The help text in Debian's version has a typing error.
          .map((name) => name.replace("fadise", "fadvise"));
      expect(named(ours)).toEqual(expect.arrayContaining(named(theirs)));
    });
  });
});
