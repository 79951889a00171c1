import { must } from "../core/assert.ts";
import { NbdError } from "../core/errors.ts";

/** The forms of an option on the command line. */
export interface OptionForms {
  readonly short?: string;
  /** The long names; the first is the preferred one. */
  readonly long: readonly string[];
  /** The placeholder of the value in help texts; undefined for an option without a value. */
  readonly value?: string;
  /** The value may be absent, and is given only in the form --option=VALUE. */
  readonly valueIsOptional?: true;
  /** The option has no abbreviations. */
  readonly ours?: true;
}

/** One element of the command line: an option with its value ("" without one), or an operand. */
export type Found<O extends OptionForms> =
  | { readonly option: O; readonly value: string }
  | { readonly operand: string };

/** A mistake on the command line. `given` is the option with its dashes. */
export type Mistake =
  | { readonly kind: "unknown" | "unexpectedValue"; readonly given: string }
  | { readonly kind: "ambiguous"; readonly given: string; readonly matches: readonly string[] }
  | { readonly kind: "missingValue"; readonly given: string; readonly placeholder: string };

/**
 * Parses a command line by the rules of getopt_long(3), because scripts rely on them: options may follow
 * operands, long options may be abbreviated to a unique prefix, values may be attached (`-p10`, `--port=10`),
 * short options may be joined (`-fv`), and everything after `--` is an operand.
 * @param errorOf makes the error of a mistake
 * @throws the error of `errorOf`; by default NbdError EINVAL with the message of getopt_long and a hint
 */
export function* getopt<O extends OptionForms>(
  args: readonly string[],
  table: readonly O[],
  errorOf: (mistake: Mistake) => Error = nbdkitError,
): Generator<Found<O>> {
  for (let at = 0; at < args.length; at++) {
    const argument = must(args[at]);
    if (argument === "--") {
      for (const operand of args.slice(at + 1)) yield { operand };
      return;
    }
    if (!argument.startsWith("-") || argument === "-") {
      yield { operand: argument };
      continue;
    }
    const next = (): string | undefined => args[++at];
    if (argument.startsWith("--")) yield longOption(argument, table, next, errorOf);
    else yield* shortOptions(argument, table, next, errorOf);
  }
}

function longOption<O extends OptionForms>(
  argument: string,
  table: readonly O[],
  next: () => string | undefined,
  errorOf: (mistake: Mistake) => Error,
): Found<O> {
  const [, name = "", attached] = /^--([^=]*)(?:=(.*))?$/s.exec(argument) ?? [];
  const { option, fullName } = findLong(name, table, errorOf);
  if (attached !== undefined && option.value === undefined)
    throw errorOf({ kind: "unexpectedValue", given: `--${fullName}` });
  return { option, value: attached ?? valueFor(option, `--${fullName}`, next, errorOf) };
}

function findLong<O extends OptionForms>(
  name: string,
  table: readonly O[],
  errorOf: (mistake: Mistake) => Error,
): { readonly option: O; readonly fullName: string } {
  const names = table.flatMap((option) => option.long.map((fullName) => ({ option, fullName })));
  const exact = names.find(({ fullName }) => fullName === name);
  if (exact !== undefined) return exact;
  const matches = names.filter(({ option, fullName }) => option.ours !== true && fullName.startsWith(name));
  const [first] = matches;
  if (first === undefined) throw errorOf({ kind: "unknown", given: `--${name}` });
  // A prefix that matches several names of the same option is not ambiguous.
  if (matches.every(({ option }) => option === first.option)) return first;
  const all = matches.map(({ fullName }) => `--${fullName}`);
  throw errorOf({ kind: "ambiguous", given: `--${name}`, matches: all });
}

function* shortOptions<O extends OptionForms>(
  argument: string,
  table: readonly O[],
  next: () => string | undefined,
  errorOf: (mistake: Mistake) => Error,
): Generator<Found<O>> {
  for (let at = 1; at < argument.length; at++) {
    const given = `-${argument[at]}`;
    const option = table.find(({ short }) => short === argument[at]);
    if (option === undefined) throw errorOf({ kind: "unknown", given });
    const attached = argument.slice(at + 1);
    if (attached !== "" && needsValue(option)) {
      yield { option, value: attached };
      return;
    }
    yield { option, value: valueFor(option, given, next, errorOf) };
  }
}

/** The value of an option that has none attached: the next argument if the option needs a value. */
function valueFor(
  option: OptionForms,
  given: string,
  next: () => string | undefined,
  errorOf: (mistake: Mistake) => Error,
): string {
  if (!needsValue(option)) return "";
  const value = next();
  if (value !== undefined) return value;
  throw errorOf({ kind: "missingValue", given, placeholder: option.value ?? "" });
}

function needsValue({ value, valueIsOptional }: OptionForms): boolean {
  return value !== undefined && valueIsOptional !== true;
}

function nbdkitError(mistake: Mistake): NbdError {
  return new NbdError("EINVAL", getoptText(mistake));
}

/** The messages of getopt_long(3), with a hint. */
function getoptText(mistake: Mistake): string {
  const { given } = mistake;
  // "--" is the unknown short option "-", as in -f-.
  const isLong = given.length > 2;
  switch (mistake.kind) {
    case "unknown":
      return `${isLong ? `unrecognized option '${given}'` : `invalid option -- '${given[1]}'`}: see nbdkit --help`;
    case "ambiguous": {
      const possible = mistake.matches.map((name) => `'${name}'`).join(" ");
      return `option '${given}' is ambiguous; possibilities: ${possible}`;
    }
    case "unexpectedValue":
      return `option '${given}' doesn't allow an argument`;
    case "missingValue":
      return `${isLong ? `option '${given}' requires an argument` : `option requires an argument -- '${given[1]}'`}: ${mistake.placeholder}`;
  }
}
