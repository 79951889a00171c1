/** The contents of a 64-bit little-endian Mach-O file, the library format of macOS. */
export interface MachO {
  /** 0x1000007 is x86-64, 0x100000c is arm64. */
  readonly machine: number;
  /** The oldest supported macOS, such as "11.0". */
  readonly minimum: string | undefined;
  readonly libraries: readonly string[];
  /**
   * Symbols from its libraries (`imports`) and from the program that loads it (`lookups`), without C's
   * leading underscore.
   */
  readonly imports: readonly string[];
  readonly lookups: readonly string[];
  readonly exports: readonly string[];
  readonly signed: boolean;
}

const magic = 0xfeedfacf;
const commands = { symbols: 0x2, loadLibrary: 0xc, signature: 0x1d, buildVersion: 0x32 } as const;
/** Bits of a symbol's type: debug symbol, location, visible from outside. */
const typeBits = { debug: 0xe0, place: 0x0e, external: 0x01 } as const;
/** Library numbers that mean "any loaded file" (`-undefined dynamic_lookup`). Zig's linker writes 0. */
const dynamicLookup: readonly number[] = [0, 0xfe];

interface ListedSymbol {
  readonly name: string;
  readonly type: number;
  readonly library: number;
}

interface Command {
  readonly kind: number;
  readonly bytes: Buffer;
}

export function readMachO(file: Buffer): MachO {
  if (file.readUInt32LE(0) !== magic) throw new Error("not a 64-bit Mach-O file");
  const all = commandsOf(file);
  const find = (kind: number) => all.find((command) => command.kind === kind)?.bytes;
  const symbols = symbolsOf(file, find(commands.symbols)!).filter(
    ({ type }) => (type & typeBits.debug) === 0 && (type & typeBits.external) !== 0,
  );
  const isImport = ({ type }: ListedSymbol) => (type & typeBits.place) === 0;
  const isLookup = (symbol: ListedSymbol) => isImport(symbol) && dynamicLookup.includes(symbol.library);
  const names = (which: (symbol: ListedSymbol) => boolean) => symbols.filter(which).map(({ name }) => name);
  return {
    machine: file.readUInt32LE(4),
    minimum: versionIn(find(commands.buildVersion)),
    libraries: all
      .filter(({ kind }) => kind === commands.loadLibrary)
      .map(({ bytes }) => textAt(bytes, bytes.readUInt32LE(8))),
    imports: names((symbol) => isImport(symbol) && !isLookup(symbol)),
    lookups: names(isLookup),
    exports: names((symbol) => !isImport(symbol)),
    signed: find(commands.signature) !== undefined,
  };
}

function commandsOf(file: Buffer): Command[] {
  const found: Command[] = [];
  const count = file.readUInt32LE(16);
  for (let at = 32; found.length < count; ) {
    const size = file.readUInt32LE(at + 4);
    found.push({ kind: file.readUInt32LE(at), bytes: file.subarray(at, at + size) });
    at += size;
  }
  return found;
}

function symbolsOf(file: Buffer, command: Buffer): ListedSymbol[] {
  const at = command.readUInt32LE(8);
  const strings = file.subarray(command.readUInt32LE(16));
  return Array.from({ length: command.readUInt32LE(12) }, (_, i) => ({
    name: textAt(strings, file.readUInt32LE(at + i * 16)).replace(/^_/, ""),
    type: file.readUInt8(at + i * 16 + 4),
    library: file.readUInt8(at + i * 16 + 7),
  }));
}

/** The file stores 16 bits for the major version and 8 bits for the minor version. */
function versionIn(command: Buffer | undefined): string | undefined {
  const version = command?.readUInt32LE(12);
  return version === undefined ? undefined : `${version >> 16}.${(version >> 8) & 0xff}`;
}

function textAt(bytes: Buffer, at: number): string {
  return bytes.toString("latin1", at, bytes.indexOf(0, at));
}
