import { must } from "../../core/assert.ts";
import { NbdError } from "../../core/errors.ts";
import { firstEndingAfter } from "../../core/first-ending-after.ts";

/** A range of the disk that clients see, and where its bytes are on the disk below. */
export interface Segment {
  readonly offset: bigint;
  readonly length: bigint;
  /** What to add to an offset in the range for the place on the disk below; bytes. */
  readonly shift: bigint;
  /** The parameter, for error messages. */
  readonly rule: string;
}

/** Offsets of rules have 64 bits. */
const offsetEnd = 2n ** 64n;

/**
 * Parses "START-END:DEST", in bytes, END included.
 * @throws NbdError EINVAL
 */
export function parseRule(rule: string): Segment {
  const [start, last, to] = (/^(\d+)-(\d+):(\d+)$/.exec(rule) ?? []).slice(1).map(BigInt);
  if (start === undefined || last === undefined || to === undefined || [start, last, to].some(isTooLarge))
    throw new NbdError(
      "EINVAL",
      `cannot parse range: ${rule}: use START-END:DEST, three decimal numbers of bytes`,
    );
  if (last < start) throw new NbdError("EINVAL", `invalid range, end < start: ${rule}`);
  return { offset: start, length: last + 1n - start, shift: to - start, rule };
}

function isTooLarge(offset: bigint): boolean {
  return offset >= offsetEnd;
}

/** Combines the rules, of which the first one counts, to segments in order without gaps. */
export function segmentsOf(rules: readonly Segment[]): readonly Segment[] {
  const segments: Segment[] = [{ offset: 0n, length: offsetEnd, shift: 0n, rule: "implicit 1-1 mapping" }];
  // An earlier rule replaces parts of later ones.
  for (const rule of rules.toReversed()) {
    const end = rule.offset + rule.length;
    const first = firstEndingAfter(segments, rule.offset);
    const last = firstEndingAfter(segments, end - 1n);
    const before = partOf(segments[first], 0n, rule.offset);
    const after = partOf(segments[last], end, offsetEnd);
    segments.splice(first, last + 1 - first, ...[before, rule, after].filter(({ length }) => length > 0n));
  }
  return segments;
}

/** The part of a segment between two offsets; its length is 0 or less where there is none. */
function partOf(segment: Segment | undefined, from: bigint, to: bigint): Segment {
  const { offset, length, ...rest } = must(segment);
  const start = offset > from ? offset : from;
  const end = offset + length < to ? offset + length : to;
  return { offset: start, length: end - start, ...rest };
}
