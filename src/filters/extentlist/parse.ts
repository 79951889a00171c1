import { messageOf, NbdError } from "../../core/errors.ts";
import { type Extent, isComment } from "../../core/extent.ts";
import { parseSize } from "../../core/size.ts";

export interface ListedExtent extends Extent {
  readonly offset: bigint;
}

/** The bits of a numeric type. */
const [holeBit, zeroBit] = [1, 2];

/**
 * Parses lines of "OFFSET LENGTH [TYPE]", in any order. Blank lines and lines that begin with # are comments.
 * @param name file name for error messages
 * @returns the extents, sorted by offset
 * @throws NbdError EINVAL with the line that cannot be parsed, or when two extents overlap
 */
export function parseExtentList(text: string, name: string): readonly ListedExtent[] {
  const extents = text
    .split("\n")
    .flatMap((line, index) => (isComment(line) ? [] : [parseLine(line, `${name}:${index + 1}`)]))
    .filter(({ length }) => length > 0n)
    .sort((one, other) => (one.offset < other.offset ? -1 : 1));
  for (const [index, { offset }] of extents.entries()) {
    const before = extents[index - 1];
    if (before === undefined || before.offset + before.length <= offset) continue;
    throw new NbdError("EINVAL", `${name}: extents in the extent list are overlapping at ${offset}`);
  }
  return extents;
}

function parseLine(line: string, place: string): ListedExtent {
  const [offset, length, type = "0"] = line.split(/[ \t\r]+/).filter((word) => word !== "");
  if (offset === undefined || length === undefined) {
    throw new NbdError("EINVAL", `${place}: cannot parse "${line}": use OFFSET LENGTH [hole,zero]`);
  }
  return { offset: sizeAt(place, offset), length: sizeAt(place, length), ...stateOf(type, place) };
}

function sizeAt(place: string, text: string): bigint {
  try {
    return parseSize(text);
  } catch (error) {
    throw new NbdError("EINVAL", `${place}: ${messageOf(error)}`, { cause: error });
  }
}

function stateOf(type: string, place: string): { readonly hole: boolean; readonly zero: boolean } {
  if (/^\d+$/.test(type)) {
    const bits = Number(type);
    return { hole: (bits & holeBit) !== 0, zero: (bits & zeroBit) !== 0 };
  }
  const words = type.split(",");
  const unknown = words.find((word) => word !== "hole" && word !== "zero");
  if (unknown === undefined) return { hole: words.includes("hole"), zero: words.includes("zero") };
  throw new NbdError("EINVAL", `${place}: unknown type "${unknown}": use a number, hole, zero or hole,zero`);
}
