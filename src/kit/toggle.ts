import { existsSync } from "node:fs";
import type { Parameter } from "../contract/parameter.ts";
import { parseBoolean } from "../core/values.ts";

/** Returns whether something is on. The answer may change while the server runs. */
export type Toggle = () => boolean;

/**
 * Declares a parameter that is yes, no, or the absolute path of a file; with a path it is on while the file
 * exists.
 */
export function toggle(options: { readonly help: string }): Parameter<Toggle> & { readonly default: Toggle } {
  return {
    ...options,
    placeholder: "BOOL|/PATH",
    default: () => false,
    format: (isOn) => (isOn() ? "yes" : "no"),
    parse(text) {
      if (text.startsWith("/")) return () => existsSync(text);
      const value = parseBoolean(text);
      return () => value;
    },
  };
}
