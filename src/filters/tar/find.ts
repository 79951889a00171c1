import { messageOf, NbdError } from "../../core/errors.ts";
import { compressionOf } from "./compressed.ts";
import { blockBytes, type Header, parseHeader } from "./header.ts";
import { decimal, lastValue, type PaxRecords, parsePax } from "./pax.ts";
import type { TarReader } from "./reader.ts";
import type { Piece } from "./sparse-disk.ts";
import { gnuSparseMap, paxSparseMap, type SparseMap } from "./sparse-map.ts";

/** The data of an entry. */
export interface Content {
  /** Offset of the data in the tar file. */
  readonly start: bigint;
  readonly size: bigint;
  /** The pieces of a sparse file; the gaps between them are zeroes. */
  readonly pieces?: readonly Piece[];
}

/** The largest long name or extended header, in bytes: it is read into memory. */
const metadataBytesMax = 16 * 1024 * 1024;

/** An entry, with the long name and the extended header that precede it. */
interface Entry {
  readonly header: Header;
  /** Offset of the header. */
  readonly at: bigint;
  readonly name: Buffer;
  readonly pax: PaxRecords;
  /** Bytes of data in the tar file, after the header. */
  readonly stored: bigint;
}

/**
 * Finds the first entry of a name.
 * @param limit how much of the tar file to search, in bytes
 * @throws NbdError when no entry has this name, or the entry is not a file
 */
export async function findEntry(
  reader: TarReader,
  name: string,
  limit: bigint = reader.size,
): Promise<Content> {
  await refuseCompressed(reader);
  const wanted = Buffer.from(name);
  for await (const entry of entries(reader, limit)) {
    if (entry.name.equals(wanted)) return contentOf(reader, entry, name);
  }
  const where =
    limit < reader.size ? `in the first ${limit} bytes of the tar file (tar-limit)` : "in the tar file";
  throw new NbdError("ENOENT", `tar: there is no "${name}" ${where}: see tar t for the exact names`);
}

async function refuseCompressed(reader: TarReader): Promise<void> {
  const start = await reader.bytes(0n, reader.size < blockBytes ? Number(reader.size) : blockBytes);
  const compression = compressionOf(start);
  if (compression !== undefined) throw new NbdError("EINVAL", `tar: the tar file is ${compression}`);
}

async function* entries(reader: TarReader, limit: bigint): AsyncGenerator<Entry> {
  let longName: Buffer | undefined;
  let pax: PaxRecords = [];
  for (let at = 0n; at < limit && at < reader.size; ) {
    const header = await headerAt(reader, at);
    if (header === undefined) return;
    const dataStart = at + BigInt(blockBytes);
    if (header.type === "L") longName = upToNul(await metadata(reader, dataStart, header.size));
    else if (header.type === "x") pax = parsePax(await metadata(reader, dataStart, header.size));
    else if (!/[Kg]/.test(header.type)) {
      const name = lastValue(pax, "GNU.sparse.name") ?? lastValue(pax, "path") ?? longName ?? header.name;
      const size = lastValue(pax, "size");
      const entry = { header, at, name, pax, stored: size === undefined ? header.size : decimal(size) };
      yield entry;
      at = await endOf(reader, entry);
      [longName, pax] = [undefined, []];
      continue;
    }
    at = dataStart + inBlocks(header.size);
  }
}

async function headerAt(reader: TarReader, at: bigint): Promise<Header | undefined> {
  try {
    return parseHeader(await reader.bytes(at, blockBytes));
  } catch (error) {
    const what = at === 0n ? "this is not a tar file" : `the tar file is damaged at ${at}`;
    throw new NbdError("EINVAL", `tar: ${what}: ${messageOf(error)}`, { cause: error });
  }
}

function metadata(reader: TarReader, start: bigint, size: bigint): Promise<Buffer> {
  if (size <= metadataBytesMax) return reader.bytes(start, Number(size));
  throw new NbdError(
    "ENOTSUP",
    `tar: a name or extended header has ${size} bytes, more than the limit of ${metadataBytesMax}`,
  );
}

function upToNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

async function endOf(reader: TarReader, { header, at, stored }: Entry): Promise<bigint> {
  const start = header.type === "S" ? (await gnuSparseMap(reader, at)).dataStart : at + BigInt(blockBytes);
  return start + inBlocks(stored);
}

function inBlocks(bytes: bigint): bigint {
  const block = BigInt(blockBytes);
  return ((bytes + block - 1n) / block) * block;
}

/** The types of regular files: POSIX, old tar, contiguous, and GNU sparse. */
const fileTypes: readonly string[] = ["0", "\0", "7", "S"];

/** Descriptions of the entries that are not files, by type. */
const noFiles: Readonly<Record<string, string>> = {
  "1": "a hard link: use the name of the link target",
  "2": "a symbolic link: use the name of the link target",
  "3": "a character device",
  "4": "a block device",
  "5": "a folder",
  "6": "a FIFO",
  M: "the rest of a file of another volume",
};

async function contentOf(reader: TarReader, entry: Entry, name: string): Promise<Content> {
  const { header, at, pax, stored } = entry;
  if (!fileTypes.includes(header.type)) {
    throw new NbdError(
      "EINVAL",
      `tar: "${name}" is not a file but ${noFiles[header.type] ?? "something else"}`,
    );
  }
  const start = at + BigInt(blockBytes);
  const gnuMap = header.type === "S" ? await gnuSparseMap(reader, at) : undefined;
  const map = gnuMap ?? (await paxSparseMap(reader, pax, start));
  const end = (gnuMap?.dataStart ?? start) + stored;
  if (end > reader.size) {
    throw new NbdError(
      "EINVAL",
      `tar: "${name}" is cut off: it ends at ${end}, the tar file at ${reader.size}`,
    );
  }
  if (map === undefined) return { start, size: stored };
  return { start: map.dataStart, size: map.size, pieces: piecesOf(map, end, name) };
}

function piecesOf({ size, ranges, dataStart }: SparseMap, end: bigint, name: string): readonly Piece[] {
  let [at, last] = [dataStart, 0n];
  const pieces = ranges.map(({ offset, length }) => {
    const piece = { offset, length, at };
    if (offset < last || offset + length > size || at + length > end)
      throw new NbdError("EINVAL", `tar: the map of the sparse file "${name}" is damaged`);
    [at, last] = [at + length, offset + length];
    return piece;
  });
  return pieces;
}
