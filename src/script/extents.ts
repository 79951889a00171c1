import { NbdError } from "../core/errors.ts";
import { type Extent, isComment } from "../core/extent.ts";
import { parseSize } from "../core/size.ts";

/**
 * Parses the output of the method extents. Each line is one extent: offset, length, and a type as a number or
 * as words (nbdkit-sh-plugin(3), "extents"). Blank lines and lines that begin with # are comments. Each extent must begin where the one before it ends. Bytes
 * before the range are ignored.
 * @throws NbdError EINVAL for a line that cannot be parsed, and for a gap between extents
 */
export function parseExtents(text: string, offset: bigint): readonly Extent[] {
  const extents: Extent[] = [];
  let next: bigint | undefined;
  for (const line of text.split("\n")) {
    if (isComment(line)) continue;
    const { start, length, type } = parseLine(line);
    if (next !== undefined && start !== next) {
      throw new NbdError(
        "EINVAL",
        `extents: ${start} does not follow ${next}, where the extent before it ends`,
      );
    }
    if (next === undefined && start > offset) {
      throw new NbdError(
        "EINVAL",
        `extents: the first one begins at ${start}, beyond the range at ${offset}`,
      );
    }
    next = start + length;
    const inside = next - (start < offset ? offset : start);
    if (inside > 0n) extents.push({ length: inside, hole: (type & 1) !== 0, zero: (type & 2) !== 0 });
  }
  return extents;
}

function parseLine(line: string): { readonly start: bigint; readonly length: bigint; readonly type: number } {
  const [start, length, type = "0"] = line.trim().split(/[ \t]+/);
  if (start === undefined || length === undefined) {
    throw new NbdError("EINVAL", `extents: cannot parse ${line}: use OFFSET LENGTH [hole,zero]`);
  }
  return { start: parseSize(start), length: parseSize(length), type: parseType(type) };
}

function parseType(text: string): number {
  if (/^\d/.test(text)) return Number.parseInt(text, 10);
  return (text.includes("hole") ? 1 : 0) | (text.includes("zero") ? 2 : 0);
}
