import { existsSync } from "node:fs";
import type { Parameter } from "../contract/parameter.ts";
import { parseBoolean } from "../core/values.ts";

/** Something that is on or off, and may change while the server runs. */
export type Toggle = () => boolean;

/** yes, no, or the absolute path of a file: on while it exists. */
export function toggle(options: { readonly help: string }): Parameter<Toggle> & { readonly default: Toggle } {
  return {
    ...options,
    placeholder: "BOOL|/PATH",
    default: () => false,
    parse(text) {
      if (text.startsWith("/")) return () => existsSync(text);
      const value = parseBoolean(text);
      return () => value;
    },
  };
}
