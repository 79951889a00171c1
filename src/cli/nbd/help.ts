import { factsText } from "../manual/facts.ts";
import type { Command } from "./command.ts";
import type { OptionDeclaration } from "./parse-options.ts";

/** The column of the descriptions of options, and the last column. */
const [textColumn, lastColumn] = [27, 79];

/** Returns the output of `nbd COMMAND --help`, without the last newline. */
export function helpOf({ usage, options }: Command): string {
  const shown = Object.entries(options).filter(([, { hidden }]) => hidden !== true);
  return [usage, "", ...shown.map(([name, option]) => optionHelp(name, option))].join("\n");
}

function optionHelp(name: string, option: OptionDeclaration): string {
  const { kind, short, value, help } = option;
  const letter = short === undefined ? "    " : `-${short}, `;
  const forms = { flag: "", value: `=${value}`, optional: `[=${value}]` };
  const left = `${letter}--${name}${forms[kind]}`;
  const lines = wrap(`${help}${factsText(option)}`, lastColumn - textColumn);
  const first = left.length + 2 > textColumn ? [left] : [left.padEnd(textColumn) + lines.shift()];
  return [...first, ...lines.map((line) => " ".repeat(textColumn) + line)].join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
