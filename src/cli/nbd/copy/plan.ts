import type { Extent } from "../../../core/extent.ts";
import type { Source, Stream } from "./endpoint.ts";

/** A range of the source and the operation for it: read and write it, write zeroes, or write bytes. */
export type Job =
  | { readonly kind: "read"; readonly offset: bigint; readonly length: number }
  | { readonly kind: "zero"; readonly offset: bigint; readonly length: bigint }
  /** The bytes are read already. */
  | { readonly kind: "bytes"; readonly offset: bigint; readonly bytes: Buffer };

/** Yields the jobs for a stream, in order. */
export async function* streamJobs(stream: Stream, requestBytes: number): AsyncGenerator<Job> {
  let offset = 0n;
  for await (const bytes of stream.blocks(requestBytes)) {
    yield { kind: "bytes", offset, bytes };
    offset += BigInt(bytes.length);
  }
}

/**
 * Yields the jobs for a source, in order: one job per run of zeroes, and data in pieces of one request.
 * @param alignment bytes; source and destination accept only multiples of this number
 */
export async function* sourceJobs(
  source: Source,
  useExtents: boolean,
  requestBytes: number,
  alignment: number,
): AsyncGenerator<Job> {
  const extents = (useExtents ? source.extents() : undefined) ?? [
    { length: source.size, hole: false, zero: false },
  ];
  for await (const stretch of alignedStretches(extents, source.size, BigInt(alignment))) {
    if (stretch.zero) yield { kind: "zero", offset: stretch.start, length: stretch.end - stretch.start };
    else yield* readJobs(stretch.start, stretch.end, BigInt(requestBytes));
  }
}

interface Stretch {
  readonly start: bigint;
  readonly end: bigint;
  readonly zero: boolean;
}

/** Aligns the boundaries between data and zeroes. A block that contains both is data. */
async function* alignedStretches(
  extents: AsyncIterable<Extent> | Iterable<Extent>,
  size: bigint,
  alignment: bigint,
): AsyncGenerator<Stretch> {
  const down = (offset: bigint): bigint => (offset === size ? size : offset - (offset % alignment));
  let at = 0n;
  let done = 0n;
  for await (const { length, zero } of extents) {
    const end = at + length;
    const start = zero ? down(at + alignment - 1n) : at;
    if (zero && start < down(end)) {
      if (start > done) yield { start: done, end: start, zero: false };
      yield { start, end: down(end), zero: true };
      done = down(end);
    } else if (!zero && down(end) > done) {
      yield { start: done, end: down(end), zero: false };
      done = down(end);
    }
    at = end;
  }
  if (size > done) yield { start: done, end: size, zero: false };
}

/** Cuts data into pieces that end at multiples of the request size, so that requests are aligned. */
function* readJobs(start: bigint, end: bigint, requestBytes: bigint): Generator<Job> {
  for (let at = start; at < end; ) {
    const border = at - (at % requestBytes) + requestBytes;
    const next = border < end ? border : end;
    yield { kind: "read", offset: at, length: Number(next - at) };
    at = next;
  }
}
