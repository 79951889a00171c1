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
  const otherwise = facts.required === true ? undefined : defaultText(facts);
  const { words = [], unit = "", ...others } = facts;
  const parts = [
    otherwise === undefined || otherwise === "none" ? "" : `default ${otherwise}`,
    valuesText({
      ...others,
      words: words.join("|") === placeholder ? [] : words,
      // Formatted values have suffixes, such as 64K and 2s.
      unit: facts.format === undefined ? unit : "",
    }),
    facts.again === "added" ? "may be repeated" : "",
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}

/** Returns the default as a user would write it, or in words; undefined when the declaration has none. */
export function defaultText({ default: value, defaultText: words, format }: Facts): string | undefined {
  if (value === undefined) return words;
  if (typeof value === "string") return /^$|\s/.test(value) ? JSON.stringify(value) : value;
  return format?.(value) ?? String(value);
}

/** Returns the accepted values: "bytes, 4K to 2G, a power of 2", "" for any. */
export function valuesText({ unit = "", words = [], accepts = "", ...limits }: Facts): string {
  const parts = [unit, rangeText(limits), orText(words), accepts];
  return parts.filter((part) => part !== "").join(", ");
}

function orText(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
