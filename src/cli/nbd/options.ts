import type { Facts } from "../manual/facts.ts";

/** A wrong command line. The command prints the message and a hint to --help. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** The kind of an option: without a value, with a value, or with a value only in the form --option=VALUE. */
export type OptionKind = "flag" | "value" | "optional";

/** One option of a subcommand. The parser, --help, the manual page and the reference use it. */
export interface OptionDeclaration extends Facts {
  readonly kind: OptionKind;
  /** The letter of the short option. */
  readonly short?: string;
  /** The placeholder of the value in --help; undefined for a flag. */
  readonly value?: string;
  readonly help: string;
  /** --help does not show the option. */
  readonly hidden?: true;
}

/** The options of a subcommand by their long names, in the order of --help. */
export type OptionTable = Readonly<Record<string, OptionDeclaration>>;

export interface ParsedOptions {
  /** The last value of each given option; "" for options without a value. */
  readonly options: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
}

/**
 * Parses options and operands in any order, as getopt_long(3) does: --name VALUE, --name=VALUE, unique
 * prefixes of names, -C4, -C 4, -pv, and -- before operands that begin with a dash.
 * @throws UsageError
 */
export function parseOptions(argv: readonly string[], table: OptionTable): ParsedOptions {
  const options = new Map<string, string>();
  const operands: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      operands.push(...rest.splice(0));
    } else if (word.startsWith("--")) {
      parseLong(word.slice(2), table, rest, options);
    } else if (word.startsWith("-") && word !== "-") {
      parseShort(word.slice(1), table, rest, options);
    } else {
      operands.push(word);
    }
  }
  return { options, operands };
}

function parseLong(text: string, table: OptionTable, rest: string[], options: Map<string, string>): void {
  const equals = text.indexOf("=");
  const name = findName(equals < 0 ? text : text.slice(0, equals), table);
  const { kind } = table[name]!;
  if (equals >= 0) {
    if (kind === "flag") throw new UsageError(`option --${name} takes no value`);
    options.set(name, text.slice(equals + 1));
  } else {
    options.set(name, kind === "value" ? takeValue(`--${name}`, rest) : "");
  }
}

function findName(given: string, table: OptionTable): string {
  const names = Object.keys(table);
  const matches = names.includes(given) ? [given] : names.filter((name) => name.startsWith(given));
  if (matches.length === 1) return matches[0]!;
  if (matches.length === 0) throw new UsageError(`unknown option --${given}`);
  throw new UsageError(`option --${given} is ambiguous: --${matches.join(" or --")}`);
}

function parseShort(letters: string, table: OptionTable, rest: string[], options: Map<string, string>): void {
  for (let at = 0; at < letters.length; at++) {
    const found = Object.entries(table).find(([, { short }]) => short === letters[at]);
    if (found === undefined) throw new UsageError(`unknown option -${letters[at]}`);
    const [name, { kind }] = found;
    if (kind === "value") {
      options.set(name, letters.slice(at + 1) || takeValue(`-${letters[at]}`, rest));
      return;
    }
    options.set(name, "");
  }
}

function takeValue(option: string, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined) throw new UsageError(`option ${option} needs a value`);
  return value;
}
