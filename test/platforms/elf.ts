/**
 * The contents of a 64-bit little-endian ELF file, the format of libraries and programs on Linux and FreeBSD.
 */
export interface Elf {
  /** 62 is x86-64, 183 is arm64. */
  readonly machine: number;
  /** The libraries that the file needs. */
  readonly needed: readonly string[];
  /** The undefined symbols, with the required version after an "@": `pipe2@GLIBC_2.9`. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}

/** DT_NEEDED */
const neededTag = 1n;
const sectionTypes = { dynamic: 6, symbols: 11, versions: 0x6fffffff, versionNeeds: 0x6ffffffe } as const;

interface Section {
  readonly type: number;
  readonly bytes: Buffer;
  /** The number of entries, for sections that have a count instead of a size. */
  readonly count: number;
  readonly strings: number;
}

export function readElf(file: Buffer): Elf {
  if (file.toString("latin1", 0, 6) !== "\x7fELF\x02\x01")
    throw new Error("not a little-endian 64-bit ELF file");
  const sections = sectionsOf(file);
  const dynamic = sections.find(({ type }) => type === sectionTypes.dynamic);
  const symbols = sections.find(({ type }) => type === sectionTypes.symbols);
  if (dynamic === undefined || symbols === undefined) throw new Error("an ELF file that is not dynamic");
  const strings = sections[symbols.strings]!.bytes;
  const names = versionNames(sections, strings);
  const versions = sections.find(({ type }) => type === sectionTypes.versions)?.bytes;
  const all = entries(symbols.bytes, 24).map((symbol, index) => ({
    name: textAt(strings, symbol.readUInt32LE(0)),
    isImport: symbol.readUInt16LE(6) === 0,
    version: names.get((versions?.readUInt16LE(index * 2) ?? 0) & 0x7fff),
  }));
  const named = all.filter(({ name }) => name !== "");
  return {
    machine: file.readUInt16LE(18),
    needed: entries(dynamic.bytes, 16)
      .filter((entry) => entry.readBigUInt64LE(0) === neededTag)
      .map((entry) => textAt(strings, Number(entry.readBigUInt64LE(8)))),
    imports: named
      .filter(({ isImport }) => isImport)
      .map(({ name, version }) => (version === undefined ? name : `${name}@${version}`)),
    exports: named.filter(({ isImport }) => !isImport).map(({ name }) => name),
  };
}

function sectionsOf(file: Buffer): Section[] {
  const start = Number(file.readBigUInt64LE(40));
  const size = file.readUInt16LE(58);
  const count = file.readUInt16LE(60);
  return entries(file.subarray(start, start + size * count), size).map((header) => {
    const at = Number(header.readBigUInt64LE(24));
    return {
      type: header.readUInt32LE(4),
      bytes: file.subarray(at, at + Number(header.readBigUInt64LE(32))),
      strings: header.readUInt32LE(40),
      count: header.readUInt32LE(44),
    };
  });
}

/** The versions of imported symbols, by the number that stands for each version. */
function versionNames(sections: Section[], strings: Buffer): Map<number, string> {
  const names = new Map<number, string>();
  const needs = sections.find(({ type }) => type === sectionTypes.versionNeeds);
  if (needs === undefined) return names;
  for (let i = 0, at = 0; i < needs.count; i++) {
    const versions = needs.bytes.readUInt16LE(at + 2);
    for (let j = 0, entry = at + needs.bytes.readUInt32LE(at + 8); j < versions; j++) {
      names.set(needs.bytes.readUInt16LE(entry + 6), textAt(strings, needs.bytes.readUInt32LE(entry + 8)));
      entry += needs.bytes.readUInt32LE(entry + 12);
    }
    at += needs.bytes.readUInt32LE(at + 12);
  }
  return names;
}

function entries(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

function textAt(strings: Buffer, at: number): string {
  return strings.toString("latin1", at, strings.indexOf(0, at));
}
