import { NbdError } from "../../core/errors.ts";
import { blockBytes, numberAt } from "./header.ts";
import { decimal, lastValue, type PaxRecords } from "./pax.ts";
import type { TarReader } from "./reader.ts";

/** A range of a sparse file that has data, in bytes. The gaps between ranges read as zeroes. */
export interface Range {
  readonly offset: bigint;
  readonly length: bigint;
}

/** The map of a sparse file. */
export interface SparseMap {
  readonly size: bigint;
  readonly ranges: readonly Range[];
  /** Offset of the data of the first range in the tar file. */
  readonly dataStart: bigint;
}

/**
 * Maximum number of ranges, more than files have in practice. They stay in memory while the export is open.
 */
const rangesMax = 2 ** 18;

/** Reads the map of an old GNU header: four ranges in the header at `offset`, then blocks of 21 ranges. */
export async function gnuSparseMap(reader: TarReader, offset: bigint): Promise<SparseMap> {
  const header = await reader.bytes(offset, blockBytes);
  const ranges = rangesIn(header, 386, 4);
  let dataStart = offset + BigInt(blockBytes);
  for (let isExtended = header[482] !== 0; isExtended; dataStart += BigInt(blockBytes)) {
    const block = await reader.bytes(dataStart, blockBytes);
    ranges.push(...rangesIn(block, 0, 21));
    requireFew(ranges.length);
    isExtended = block[504] !== 0;
  }
  return { size: numberAt(header, 483, 12), ranges, dataStart };
}

function rangesIn(block: Buffer, at: number, count: number): Range[] {
  return Array.from({ length: count }, (_, index) => ({
    offset: numberAt(block, at + 24 * index, 12),
    length: numberAt(block, at + 24 * index + 12, 12),
  })).filter(({ length }) => length > 0n);
}

/**
 * Reads a map from pax headers, in the three formats of GNU tar.
 * @returns undefined if the file is not sparse
 */
export async function paxSparseMap(
  reader: TarReader,
  records: PaxRecords,
  dataStart: bigint,
): Promise<SparseMap | undefined> {
  const size = lastValue(records, "GNU.sparse.realsize") ?? lastValue(records, "GNU.sparse.size");
  if (size === undefined) return undefined;
  if (lastValue(records, "GNU.sparse.major")?.toString() === "1") {
    return { size: decimal(size), ...(await storedRanges(reader, dataStart)) };
  }
  const numbers = lastValue(records, "GNU.sparse.map")?.toString("latin1").split(",");
  const single = records.filter(([key]) => /^GNU\.sparse\.(offset|numbytes)$/.test(key));
  const values = numbers?.map((digits) => Buffer.from(digits)) ?? single.map(([, value]) => value);
  return { size: decimal(size), ranges: paired(values.map(decimal)), dataStart };
}

/**
 * Format 1.0: the number of ranges and the ranges precede the data, one number per line, padded to a block.
 */
async function storedRanges(
  reader: TarReader,
  start: bigint,
): Promise<Pick<SparseMap, "ranges" | "dataStart">> {
  const values: bigint[] = [];
  let [at, text] = [start, ""];
  for (let wanted = 1; values.length < wanted; at += BigInt(blockBytes)) {
    text += (await reader.bytes(at, blockBytes)).toString("latin1");
    for (let end = text.indexOf("\n"); end >= 0 && values.length < wanted; end = text.indexOf("\n")) {
      values.push(decimal(Buffer.from(text.slice(0, end))));
      text = text.slice(end + 1);
      if (values.length === 1) wanted = requireFew(Number(values[0])) * 2 + 1;
    }
    // A line longer than a block is not a number: decimal() throws.
    if (text.length > blockBytes) decimal(Buffer.from(text));
  }
  return { ranges: paired(values.slice(1)), dataStart: at };
}

function paired(numbers: readonly bigint[]): readonly Range[] {
  if (numbers.length % 2 !== 0) throw new NbdError("EINVAL", "the map of a sparse file is damaged");
  requireFew(numbers.length / 2);
  return numbers.flatMap((offset, index) => {
    const length = numbers[index + 1] ?? 0n;
    return index % 2 === 0 && length > 0n ? [{ offset, length }] : [];
  });
}

function requireFew(ranges: number): number {
  if (ranges <= rangesMax) return ranges;
  throw new NbdError("ENOTSUP", `a sparse file has ${ranges} ranges, more than the limit of ${rangesMax}`);
}
