import { NbdError } from "../../core/errors.ts";
import { sizeMax } from "../../core/size.ts";

/** A range of bytes; `end` is exclusive. */
export interface ProtectedRange {
  readonly start: bigint;
  readonly end: bigint;
  /** The parameter value, for error messages. */
  readonly text: string;
}

/**
 * Parses "START-END", where START or END may be empty, or "~START-END", which gives up to two ranges.
 * @throws NbdError EINVAL
 */
export function parseRanges(text: string): readonly ProtectedRange[] {
  const inverted = text.startsWith("~");
  const [first, last, ...others] = (inverted ? text.slice(1) : text).split("-");
  if (first === undefined || last === undefined || others.length > 0) {
    throw new NbdError("EINVAL", `cannot parse range, missing '-': ${text}: use START-END`);
  }
  const start = first === "" ? 0n : parseOffset(first, text);
  const end = last === "" ? sizeMax : parseOffset(last, text) + 1n;
  if (end <= start) throw new NbdError("EINVAL", `invalid range, end < start: ${text}`);
  const ranges = inverted
    ? [
        { start: 0n, end: start },
        { start: end, end: sizeMax },
      ]
    : [{ start, end }];
  return ranges.filter((range) => range.start < range.end).map((range) => ({ ...range, text }));
}

function parseOffset(digits: string, text: string): bigint {
  if (/^(0[xX][0-9a-fA-F]+|[1-9]\d*|0)$/.test(digits)) return BigInt(digits);
  if (/^0[0-7]+$/.test(digits)) return BigInt(`0o${digits}`);
  throw new NbdError("EINVAL", `range: could not parse number: "${digits}" of ${text}`);
}
