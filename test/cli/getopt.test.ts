import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { getopt } from "../../src/cli/getopt.ts";
import type { Option } from "../../src/cli/option-table.ts";

const table: readonly Option[] = [
  { id: "verbose", short: "v", long: ["verbose"], help: "" },
  { id: "version", short: "V", long: ["version"], help: "" },
  { id: "foreground", short: "f", long: ["foreground", "no-fork"], help: "" },
  { id: "port", short: "p", long: ["port"], value: "PORT", help: "" },
  { id: "debug", short: "D", long: ["debug"], value: "FLAG", help: "" },
  { id: "pidfile", short: "P", long: ["pidfile", "pid-file"], value: "FILE", help: "" },
  { id: "tls", long: ["tls"], value: "MODE", help: "" },
  { id: "tlsPsk", long: ["tls-psk"], value: "FILE", help: "" },
];

/** Returns options as "id=value" and operands as they are, in the order of the command line. */
function parse(...args: string[]): string[] {
  return [...getopt(args, table)].map((found) =>
    "operand" in found ? found.operand : `${found.option.id}=${found.value}`,
  );
}

describe("getopt", () => {
  it.each([
    [
      "finds options before, between and after operands",
      ["-v", "a", "-f", "b", "--port", "1"],
      ["verbose=", "a", "foreground=", "b", "port=1"],
    ],
    [
      "treats everything after -- as operands",
      ["-v", "--", "-f", "--", "--port"],
      ["verbose=", "-f", "--", "--port"],
    ],
    ["takes - as an operand, and as a value", ["-", "-p", "-"], ["-", "port=-"]],
    [
      "accepts an empty argument as an operand and as a value",
      ["", "-p", "", "--port", "", "--port="],
      ["", "port=", "port=", "port="],
    ],
    ["takes attached values", ["-p1", "--port=2", "-Dx.y=0"], ["port=1", "port=2", "debug=x.y=0"]],
    [
      "uses the next argument as value, even if it begins with a dash",
      ["-p", "-v", "--port", "--", "-D", "--debug"],
      ["port=-v", "port=--", "debug=--debug"],
    ],
    [
      "separates joined short options, and the last of them may have a value",
      ["-fv", "-fvp1", "-fp", "2"],
      ["foreground=", "verbose=", "foreground=", "verbose=", "port=1", "foreground=", "port=2"],
    ],
    ["keeps = in a short option's value", ["-p=1"], ["port==1"]],
    ["keeps newlines and further = in values", ["--port=a=b\nc=", "x\n=y"], ["port=a=b\nc=", "x\n=y"]],
    [
      "accepts unique prefixes of long options",
      ["--f", "--verb", "--po=1", "--no"],
      ["foreground=", "verbose=", "port=1", "foreground="],
    ],
    ["takes a beginning that fits only names of one option", ["--pid", "x"], ["pidfile=x"]],
    ["takes a full name that begins another one", ["--tls", "x", "--tls=y"], ["tls=x", "tls=y"]],
  ])("%s", (_title, args, expected) => {
    expect(parse(...args)).toEqual(expected);
  });

  it.each([
    [["--nothing"], "unrecognized option '--nothing'"],
    [["--=x"], "option '--' is ambiguous"],
    [["--ver"], "option '--ver' is ambiguous; possibilities: '--verbose' '--version'"],
    [["--p"], "option '--p' is ambiguous; possibilities: '--port' '--pidfile' '--pid-file'"],
    [["--verbose=yes"], "option '--verbose' doesn't allow an argument"],
    [["--verb=yes"], "option '--verbose' doesn't allow an argument"],
    [["--port"], "option '--port' requires an argument"],
    [["-fp"], "option requires an argument -- 'p'"],
    [["-x"], "invalid option -- 'x'"],
    [["-f1"], "invalid option -- '1'"],
    [["-f-"], "invalid option -- '-'"],
  ])("refuses %j with the message of getopt_long", (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });

  it("yields the options before a mistake, then throws", () => {
    const found = getopt(["-v", "-x"], table);
    expect(found.next().value).toEqual({ option: table[0], value: "" });
    expect(() => found.next()).toThrow("'x'");
  });

  it("returns arbitrary operands and values unchanged and in order", () => {
    const word = fc.string({ unit: "binary" });
    const piece = fc.oneof(
      word.filter((text) => !text.startsWith("-")).map((text) => ({ args: [text], found: [text] })),
      word.map((text) => ({ args: ["-p", text], found: [`port=${text}`] })),
      word.map((text) => ({ args: [`--debug=${text}`], found: [`debug=${text}`] })),
      word
        .filter((text) => text !== "")
        .map((text) => ({ args: [`-fp${text}`], found: ["foreground=", `port=${text}`] })),
    );
    const property = fc.property(fc.array(piece), fc.array(word), (pieces, rest) => {
      const args = [...pieces.flatMap(({ args }) => args), "--", ...rest];
      expect(parse(...args)).toEqual([...pieces.flatMap(({ found }) => found), ...rest]);
    });
    fc.assert(property);
  });
});
