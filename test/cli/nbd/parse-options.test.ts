import { describe, expect, it } from "vitest";
import { type OptionTable, parseOptions, UsageError } from "../../../src/cli/nbd/parse-options.ts";

const table: OptionTable = {
  flag: { kind: "flag", short: "f", help: "" },
  value: { kind: "value", short: "v", value: "N", help: "" },
  map: { kind: "optional", short: "m", value: "N", help: "" },
  mark: { kind: "flag", help: "" },
};

function parsed(...argv: string[]): string {
  const { options, operands } = parseOptions(argv, table);
  return [...[...options].map(([name, value]) => `${name}=${value}`), ...operands].join(" ");
}

describe("parseOptions", () => {
  it.each([
    [["a", "--flag", "b"], "flag= a b"],
    [["--value", "1", "--value=2"], "value=2"],
    [["--val=x=y"], "value=x=y"],
    [["--map", "uri"], "map= uri"],
    [["--map=m", "uri"], "map=m uri"],
    [["-fv1", "-"], "flag= value=1 -"],
    [["-v", "-f", "-m", "x"], "value=-f map= x"],
    [["--fl", "--", "--flag"], "flag= --flag"],
  ])("parses %j", (argv, expected) => {
    expect(parsed(...argv)).toBe(expected);
  });

  it.each([
    [["--nothing"], /unknown option --nothing/],
    [["-x"], /unknown option -x/],
    [["--ma"], /ambiguous: --map or --mark/],
    [["--flag=1"], /takes no value/],
    [["--value"], /--value needs a value/],
    [["-fv"], /-v needs a value/],
  ])("refuses %j", (argv, reason) => {
    expect(() => parsed(...argv)).toThrow(UsageError);
    expect(() => parsed(...argv)).toThrow(reason);
  });
});
