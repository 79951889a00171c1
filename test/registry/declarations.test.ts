import { describe, expect, it } from "vitest";
import type { AnyFilter, AnyPlugin } from "../../src/chain/component.ts";
import { defaultOf } from "../../src/cli/manual/facts.ts";
import type { Parameter } from "../../src/contract/parameter.ts";
import { builtInFilters } from "../../src/registry/filters.ts";
import { builtInPlugins } from "../../src/registry/plugins.ts";

const registry = Object.entries({ ...builtInPlugins, ...builtInFilters });
const components = await Promise.all(
  registry.map(async ([name, load]) => [name, (await load()).default as AnyPlugin | AnyFilter] as const),
);
const declared = components.flatMap(([name, { parameters }]) =>
  Object.entries((parameters ?? {}) as Record<string, Parameter>).map(
    ([key, parameter]) => [name, key, parameter] as const,
  ),
);

/** Parses a value, also one that the system of this test cannot provide. */
function parses(text: string, [, key, parameter]: (typeof declared)[number]): () => unknown {
  return () => parameter.parse(text, key);
}

describe("what --help and the reference say about a parameter is what its parser does:", () => {
  it.each(declared.filter(([, , parameter]) => defaultOf(parameter).isTyped))(
    "%s: the text of the default of %s is parsed to the default",
    (...one) => {
      const [, , { default: value, ...parameter }] = one;
      const { text } = defaultOf({ default: value, ...parameter });
      const parsed = parses(text.startsWith('"') ? JSON.parse(text) : text, one)();
      if (typeof value === "function" && typeof parsed === "function" && value.length === 0)
        expect(parsed()).toEqual(value());
      else expect(parsed).toEqual(value);
    },
  );

  it.each(declared.filter(([, , { min }]) => min !== undefined))(
    "%s: the minimum of %s is accepted, and no number below it",
    (...one) => {
      const min = BigInt(one[2].min!);
      expect(parses(String(min), one)).not.toThrow();
      expect(parses(String(min - 1n), one)).toThrow();
    },
  );

  it.each(declared.filter(([, , { max }]) => max !== undefined))(
    "%s: the maximum of %s is accepted, and no number above it",
    (...one) => {
      const max = BigInt(one[2].max!);
      expect(parses(String(max), one)).not.toThrow();
      expect(parses(String(max + 1n), one)).toThrow();
    },
  );

  it.each(declared.filter(([, , { powerOfTwo }]) => powerOfTwo === true))(
    "%s: %s accepts only powers of 2",
    (...one) => {
      const min = BigInt(one[2].min ?? 1);
      expect(parses(String(4n * min), one)).not.toThrow();
      expect(parses(String(3n * min), one)).toThrow();
    },
  );

  it.each(declared.filter(([, , { words }]) => words !== undefined))(
    "%s: the words of %s are accepted, and no others",
    (...one) => {
      for (const word of one[2].words!) expect(parses(word, one)).not.toThrow();
      expect(parses("any-other", one)).toThrow();
    },
  );

  it.each(declared.filter(([, , { again }]) => again === "refused"))(
    "%s: %s is refused when it is given again",
    (_name, key, parameter) => expect(() => parameter.parse("1", key, "1")).toThrow(),
  );
});
