import type { ExportItem } from "../contract/plugin.ts";

/**
 * Parses the output of list_exports. Its first line names the format (nbdkit-sh-plugin(3), "list_exports").
 */
export function parseExports(text: string): readonly ExportItem[] {
  const [first = "", ...rest] = text.split("\n");
  if (first === "INTERLEAVED") return pairs(rest, 2, 1);
  const lines = completeLines(rest);
  if (first === "NAMES+DESCRIPTIONS") return pairs(rest, 1, Math.ceil(lines.length / 2));
  return (first === "NAMES" ? lines : completeLines([first, ...rest])).map((name) => ({ name }));
}

/** Parses the output of default_export: the first name of a list in the format of list_exports. */
export function firstExport(text: string): string {
  const [first = "", second = ""] = text.split("\n");
  return ["INTERLEAVED", "NAMES+DESCRIPTIONS", "NAMES"].includes(first) ? second : first;
}

/** Drops the text after the last newline, which is not a complete line. */
function completeLines(lines: readonly string[]): readonly string[] {
  return lines.slice(0, -1);
}

/**
 * Pairs names with descriptions. Names are `step` lines apart; a description is `distance` lines below its
 * name.
 */
function pairs(lines: readonly string[], step: number, distance: number): readonly ExportItem[] {
  const names = step === 1 ? distance : lines.length - 1;
  return lines
    .slice(0, names)
    .flatMap((name, line) =>
      line % step === 0 ? [{ name, description: lines[line + distance] ?? "" }] : [],
    );
}
