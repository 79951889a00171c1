import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { factsText } from "../../src/cli/manual/facts.ts";
import { boolean, choice, delay, integer, list, once, size, text } from "../../src/contract/parameter.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import { nbdkit, succeed } from "../helpers/run.ts";

const help = "";

describe("the end of a line of --help", () => {
  it.each([
    [size({ required: true, help }), ""],
    [
      size({ default: 65_536n, min: 4096n, max: 2n ** 31n, powerOfTwo: true, help }),
      " (default 64K; 4K to 2G, a power of 2)",
    ],
    [size({ min: 1024n, defaultText: "no limit", help }), " (default no limit; at least 1K)"],
    [size({ default: 0n, unit: "sectors", help }), " (default 0)"],
    [boolean({ default: true, help }), " (default yes)"],
    [integer({ default: 5, min: 1, max: 9, unit: "percent", help }), " (default 5; percent, 1 to 9)"],
    [delay({ default: 60_000, help }), " (default 60s)"],
    [delay({ default: 10, help }), " (default 10ms)"],
    [text({ default: "", help }), ' (default "")'],
    [once(text({ defaultText: "none", help })), ""],
    [choice(["none", "all"], { default: "none", help }), " (default none)"],
    [
      choice(["none", "all", "some"], { default: "all", placeholder: "MODE", help }),
      " (default all; none, all or some)",
    ],
    [list((word) => word, { default: [], accepts: "any word", help }), " (any word; may be repeated)"],
  ])("%# shows the default and the values", (parameter, expected) => {
    expect(factsText(parameter, parameter.placeholder)).toBe(expected);
  });
});

describe("nbdkit --help", () => {
  it("is the only reason to load the facts: a server has none in its modules", () => {
    const bundle = join(packageRoot(), "dist/bundle");
    const having = readdirSync(bundle).filter((name) =>
      readFileSync(join(bundle, name), "utf8").includes("may be repeated"),
    );
    expect(having.sort()).toEqual(["cli-help.cjs", "cli-nbd-help.cjs"]);
  });

  it("shows one line for each parameter of the plugin and the filters", async () => {
    const lines = (await succeed(nbdkit, ["--filter=cache", "memory", "--help"])).split("\n");
    const line = (beginning: string) => lines.find((one) => one.startsWith(beginning));
    expect(line("[size=]<SIZE>")).toMatch(/^\[size=\]<SIZE> +\(required\) Size of the disk$/);
    expect(line("allocator=")).toMatch(/ \(default sparse\)$/);
    expect(line("cache-min-block-size=<SIZE>")).toMatch(/ \(default 64K; 4K to 2G, a power of 2\)$/);
    expect(line("-t|--threads")).toMatch(/ \(default 16; 0 to 2147483647, 0 for the default\)$/);
  });
});
