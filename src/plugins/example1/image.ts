/** Some sectors of a disk. The disk is zero between pieces. */
export interface Piece {
  /** The offset on the disk in bytes. */
  readonly start: number;
  readonly bytes: Uint8Array;
}

export const diskBytes: number = 100 * 1024 * 1024;

const sectorBytes = 512;
const partitionStart = 2048;
const partitionSectors: number = diskBytes / sectorBytes - partitionStart;

// The layout of FAT16: reserved sectors, two tables, the root directory, then clusters, numbered from 2.
const reservedSectors = 4;
const clusterSectors = 4;
const rootEntries = 512;
const entryBytes = 32;
const rootSectors: number = (rootEntries * entryBytes) / sectorBytes;
/**
 * Two bytes for each cluster. The count includes the sectors of the tables, which makes the tables slightly
 * too large.
 */
const tableSectors: number = Math.ceil((partitionSectors / clusterSectors + 2) / (sectorBytes / 2));
const rootStart: number = reservedSectors + 2 * tableSectors;

/** Makes a disk with one partition and a file system that contains one short text file. */
export function makeImage(fileName: string, text: string): readonly Piece[] {
  const content = bytes(clusterSectors * sectorBytes, (_, put) => put(0, text));
  const table = bytes(sectorBytes, (view) => {
    view.setUint16(0, 0xfff8, true); // the media byte again
    view.setUint16(2, 0xffff, true);
    view.setUint16(4, 0xffff, true); // the file's only cluster is its last
  });
  return [
    { start: 0, bytes: masterBootRecord() },
    { start: at(0), bytes: bootSector() },
    { start: at(reservedSectors), bytes: table },
    { start: at(reservedSectors + tableSectors), bytes: table },
    { start: at(rootStart), bytes: directory(fileName, text.length) },
    { start: at(rootStart + rootSectors), bytes: content },
  ];
}

/** The disk offset of a sector of the partition, in bytes. */
function at(sector: number): number {
  return (partitionStart + sector) * sectorBytes;
}

function masterBootRecord(): Uint8Array {
  return bytes(sectorBytes, (view) => {
    view.setUint32(440, 0x4e42444e, true);
    view.setUint32(446, 0x00feffff, false); // not bootable; the start is too far away for cylinders
    view.setUint32(450, 0x0efeffff, false); // FAT16, and the same for its end
    view.setUint32(454, partitionStart, true);
    view.setUint32(458, partitionSectors, true);
    view.setUint16(510, 0xaa55, true);
  });
}

function bootSector(): Uint8Array {
  return bytes(sectorBytes, (view, put) => {
    put(0, "\xeb\x3c\x90NBDKIT  ");
    view.setUint16(11, sectorBytes, true);
    view.setUint8(13, clusterSectors);
    view.setUint16(14, reservedSectors, true);
    view.setUint8(16, 2);
    view.setUint16(17, rootEntries, true);
    view.setUint8(21, 0xf8);
    view.setUint16(22, tableSectors, true);
    view.setUint16(24, 63, true);
    view.setUint16(26, 255, true);
    view.setUint32(28, partitionStart, true);
    view.setUint32(32, partitionSectors, true);
    view.setUint8(36, 0x80);
    view.setUint8(38, 0x29);
    view.setUint32(39, 0x4e424431, true);
    put(43, "EXAMPLE1   FAT16   ");
    view.setUint16(510, 0xaa55, true);
  });
}

/** The root directory. It contains the volume label and the file. */
function directory(fileName: string, fileBytes: number): Uint8Array {
  const newYear2024 = (44 << 9) | (1 << 5) | 1;
  return bytes(sectorBytes, (view, put) => {
    put(0, "EXAMPLE1   \x08");
    view.setUint16(24, newYear2024, true);
    const [stem = "", extension = ""] = fileName.toUpperCase().split(".");
    put(entryBytes, `${stem.padEnd(8)}${extension.padEnd(3)}\x01`);
    view.setUint16(entryBytes + 24, newYear2024, true);
    view.setUint16(entryBytes + 26, 2, true);
    view.setUint32(entryBytes + 28, fileBytes, true);
  });
}

function bytes(
  length: number,
  fill: (view: DataView, put: (at: number, text: string) => void) => void,
): Uint8Array {
  const made = Buffer.alloc(length);
  fill(new DataView(made.buffer, made.byteOffset, length), (at, text) => made.write(text, at, "latin1"));
  return made;
}
