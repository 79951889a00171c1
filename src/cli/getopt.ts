import { NbdError } from "../core/errors.ts";
import type { Option } from "./option-table.ts";

/** One element of the command line: an option with its value, or an operand. */
export type Found = { readonly option: Option; readonly value: string } | { readonly operand: string };

/**
 * Parses a command line by the rules of getopt_long(3), because scripts rely on them: options may follow
 * operands, long options may be abbreviated to a unique prefix, values may be attached (`-p10`, `--port=10`),
 * short options may be joined (`-fv`), and everything after `--` is an operand.
 * @throws NbdError EINVAL with the message of getopt_long and a hint
 */
export function* getopt(args: readonly string[], table: readonly Option[]): Generator<Found> {
  for (let at = 0; at < args.length; at++) {
    const argument = args[at]!;
    if (argument === "--") {
      for (const operand of args.slice(at + 1)) yield { operand };
      return;
    }
    if (!argument.startsWith("-") || argument === "-") {
      yield { operand: argument };
      continue;
    }
    const next = (): string | undefined => args[++at];
    if (argument.startsWith("--")) yield longOption(argument, table, next);
    else yield* shortOptions(argument, table, next);
  }
}

function longOption(argument: string, table: readonly Option[], next: () => string | undefined): Found {
  const [, name, attached] = /^--([^=]*)(?:=(.*))?$/s.exec(argument)!;
  const { option, fullName } = findLong(name!, table);
  if (option.value === undefined) {
    if (attached === undefined) return { option, value: "" };
    throw new NbdError("EINVAL", `option '--${fullName}' doesn't allow an argument`);
  }
  const value = attached ?? next();
  if (value !== undefined) return { option, value };
  throw new NbdError("EINVAL", `option '--${fullName}' requires an argument: ${option.value}`);
}

function findLong(name: string, table: readonly Option[]): { option: Option; fullName: string } {
  const names = table.flatMap((option) => option.long.map((fullName) => ({ option, fullName })));
  const exact = names.find(({ fullName }) => fullName === name);
  if (exact !== undefined) return exact;
  const matches = names.filter(({ option, fullName }) => option.ours !== true && fullName.startsWith(name));
  const [first] = matches;
  if (first === undefined) {
    throw new NbdError("EINVAL", `unrecognized option '--${name}': see nbdkit --help`);
  }
  // A prefix that matches several names of the same option is not ambiguous.
  if (matches.every(({ option }) => option === first.option)) return first;
  const possible = matches.map(({ fullName }) => `'--${fullName}'`).join(" ");
  throw new NbdError("EINVAL", `option '--${name}' is ambiguous; possibilities: ${possible}`);
}

function* shortOptions(
  argument: string,
  table: readonly Option[],
  next: () => string | undefined,
): Generator<Found> {
  for (let at = 1; at < argument.length; at++) {
    const letter = argument[at]!;
    const option = table.find(({ short }) => short === letter);
    if (option === undefined)
      throw new NbdError("EINVAL", `invalid option -- '${letter}': see nbdkit --help`);
    if (option.value === undefined) {
      yield { option, value: "" };
      continue;
    }
    const value = at + 1 < argument.length ? argument.slice(at + 1) : next();
    if (value === undefined)
      throw new NbdError("EINVAL", `option requires an argument -- '${letter}': ${option.value}`);
    yield { option, value };
    return;
  }
}
