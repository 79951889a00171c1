import { NbdError } from "../../core/errors.ts";
import { parseUnsigned64 } from "../../core/values.ts";

/** A part of the disk that has been rescued; bytes. */
export interface RescuedRange {
  readonly offset: bigint;
  readonly length: bigint;
}

/**
 * Parses a mapfile of GNU ddrescue: comments, a line about the state of ddrescue, and lines of "OFFSET LENGTH
 * STATUS".
 *
 * @param name file name for error messages
 * @returns the ranges with status "+", in order; neighbours are merged
 * @throws NbdError EINVAL with the line that cannot be parsed
 */
export function parseMapfile(text: string, name: string): readonly RescuedRange[] {
  const [state, ...blocks] = text
    .split("\n")
    .map((line, index) => ({ words: wordsOf(line), place: `${name}:${index + 1}` }))
    .filter(({ words }) => words.length > 0);
  if (state === undefined || !isState(state.words)) {
    throw new NbdError(
      "EINVAL",
      `${state?.place ?? name}: not a mapfile of ddrescue: it does not begin with a line "CURRENT_POS CURRENT_STATUS"`,
    );
  }
  const rescued = blocks
    .map(({ words, place }) => parseBlock(words, place))
    .filter(({ status }) => status === "+");
  return merged(rescued.sort((one, other) => (one.offset < other.offset ? -1 : 1)));
}

function wordsOf(line: string): readonly string[] {
  return line
    .replace(/#.*/, "")
    .split(/\s+/)
    .filter((word) => word !== "");
}

/** The position that ddrescue was at, what it did, and in newer versions the number of the pass. */
function isState(words: readonly string[]): boolean {
  return /^\w+ [-?*/F+G]( \d+)?$/.test(words.join(" "));
}

function parseBlock(words: readonly string[], place: string): RescuedRange & { readonly status: string } {
  const [offset, length, status] = words;
  if (offset === undefined || length === undefined || status === undefined || !/^[-?*/+]$/.test(status)) {
    throw new NbdError(
      "EINVAL",
      `${place}: cannot parse "${words.join(" ")}": use OFFSET LENGTH STATUS, with the status ?, *, /, - or +`,
    );
  }
  return { offset: parseUnsigned64(place, offset), length: parseUnsigned64(place, length), status };
}

function merged(ranges: readonly RescuedRange[]): readonly RescuedRange[] {
  const found: { readonly offset: bigint; length: bigint }[] = [];
  for (const { offset, length } of ranges) {
    const last = found.at(-1);
    const lastEnd = last && last.offset + last.length;
    const end = offset + length;
    if (last === undefined || lastEnd === undefined || lastEnd < offset) found.push({ offset, length });
    else if (end > lastEnd) last.length = end - last.offset;
  }
  return found;
}
