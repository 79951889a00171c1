import type { Parameter } from "../../contract/parameter.ts";
import { rangeText } from "../../contract/parameter-range.ts";

/** What the declaration of a parameter or option says about its values. */
export type Facts = Pick<
  Parameter,
  | "required"
  | "default"
  | "defaultText"
  | "format"
  | "min"
  | "max"
  | "powerOfTwo"
  | "words"
  | "accepts"
  | "unit"
  | "again"
>;

/**
 * Returns the facts for the end of a line of --help: " (default 64K; 4K to 2G)", or "". It omits what the line
 * shows without them.
 *
 * @param placeholder the placeholder of the value in the same line
 */
export function factsText(facts: Facts, placeholder = ""): string {
  const { text: otherwise, isTyped } = defaultOf(facts);
  const { unit = "", format } = facts;
  const parts = [
    otherwise === "" || (otherwise === "none" && !isTyped) ? "" : `default ${otherwise}`,
    // Formatted values have suffixes, such as 64K and 2s.
    valuesText({ ...facts, unit: format === undefined ? unit : "" }, placeholder),
    facts.again === "added" ? "may be repeated" : "",
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

/** The default for --help and the reference. */
export interface Default {
  /** "" when the declaration has no default. */
  readonly text: string;
  /** `text` is what a user would type. Otherwise it describes the default in words. */
  readonly isTyped: boolean;
}

export function defaultOf({ required, default: value, defaultText, format }: Facts): Default {
  if (required === true) return { text: "", isTyped: false };
  if (value === undefined) return { text: defaultText ?? "", isTyped: false };
  if (isEmptyList(value)) return { text: "none", isTyped: false };
  if (typeof value === "string" && /^$|\s/.test(value)) return { text: JSON.stringify(value), isTyped: true };
  return { text: format?.(value) ?? String(value), isTyped: true };
}

function isEmptyList(value: unknown): boolean {
  return (Array.isArray(value) && value.length === 0) || (value instanceof Map && value.size === 0);
}

/**
 * Returns the accepted values: "bytes, 4K to 2G, a power of 2", "" for any.
 *
 * @param placeholder the placeholder of the value; words that it contains are omitted
 */
export function valuesText(
  { unit = "", words = [], accepts = "", ...limits }: Facts,
  placeholder = "",
): string {
  const parts = [unit, rangeText(limits), words.join("|") === placeholder ? "" : orText(words), accepts];
  return parts.filter((part) => part !== "").join(", ");
}

function orText(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
