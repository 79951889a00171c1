import type { ExportItem } from "../contract/plugin.ts";

/** What list_exports printed: its first line says how the rest is to be read (nbdkit-sh-plugin(3), "list_exports"). */
export function parseExports(text: string): readonly ExportItem[] {
  const [first, ...rest] = text.split("\n");
  if (first === "INTERLEAVED") return pairs(rest, 2, 1);
  const lines = completeLines(rest);
  if (first === "NAMES+DESCRIPTIONS") return pairs(rest, 1, Math.ceil(lines.length / 2));
  return (first === "NAMES" ? lines : completeLines([first!, ...rest])).map((name) => ({ name }));
}

/** What default_export printed: the first name of such a list. */
export function firstExport(text: string): string {
  const [first, second = ""] = text.split("\n");
  return ["INTERLEAVED", "NAMES+DESCRIPTIONS", "NAMES"].includes(first!) ? second : first!;
}

/** What follows the last newline is no line. */
function completeLines(lines: readonly string[]): readonly string[] {
  return lines.slice(0, -1);
}

/** Names that are `step` lines apart, each with the description `distance` lines below it. */
function pairs(lines: readonly string[], step: number, distance: number): readonly ExportItem[] {
  const names = step === 1 ? distance : lines.length - 1;
  const items: ExportItem[] = [];
  for (let line = 0; line < names; line += step) {
    items.push({ name: lines[line]!, description: lines[line + distance] ?? "" });
  }
  return items;
}
