/** The first bytes of compressed files, and the filter that decompresses them, if one exists. */
const formats: readonly (readonly [name: string, start: readonly number[], filter?: string])[] = [
  ["gzip", [0x1f, 0x8b], "gzip"],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "xz"],
  ["bzip2", [0x42, 0x5a, 0x68], "bzip2"],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["lzip", [0x4c, 0x5a, 0x49, 0x50]],
  ["lzma", [0x5d, 0x00, 0x00]],
  ["compress", [0x1f, 0x9d]],
];

/**
 * The compression of a disk and its remedy, for an error message; undefined if the disk is not compressed.
 */
export function compressionOf(start: Buffer): string | undefined {
  const found = formats.find(([, bytes]) => bytes.every((byte, at) => start[at] === byte));
  if (found === undefined) return undefined;
  const [name, , filter] = found;
  const remedy =
    filter === undefined
      ? "uncompress it first"
      : `put --filter=${filter} after --filter=tar, or uncompress it`;
  return `compressed with ${name}: ${remedy}`;
}
