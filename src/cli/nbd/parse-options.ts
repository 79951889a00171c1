import { getopt, type Mistake, type OptionForms } from "../getopt.ts";
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
 * Parses options and operands in any order.
 * @throws UsageError
 */
export function parseOptions(argv: readonly string[], table: OptionTable): ParsedOptions {
  const forms = Object.entries(table).map(([name, option]) => ({ name, ...formsOf(name, option) }));
  const options = new Map<string, string>();
  const operands: string[] = [];
  for (const found of getopt(argv, forms, usageError)) {
    if ("operand" in found) operands.push(found.operand);
    else options.set(found.option.name, found.value);
  }
  return { options, operands };
}

function formsOf(name: string, { kind, short, value = name }: OptionDeclaration): OptionForms {
  return {
    long: [name],
    ...(short === undefined ? {} : { short }),
    ...(kind === "flag" ? {} : { value }),
    ...(kind === "optional" ? { valueIsOptional: true } : {}),
  };
}

function usageError(mistake: Mistake): UsageError {
  return new UsageError(usageText(mistake));
}

function usageText(mistake: Mistake): string {
  const { given } = mistake;
  switch (mistake.kind) {
    case "unknown":
      return `unknown option ${given}`;
    case "ambiguous":
      return `option ${given} is ambiguous: ${mistake.matches.join(" or ")}`;
    case "unexpectedValue":
      return `option ${given} takes no value`;
    case "missingValue":
      return `option ${given} needs a value`;
  }
}
