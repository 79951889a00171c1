// The disks that are served and copied: files that are made when first wanted.
import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

const mebibyte = 2 ** 20;
// Nothing that is measured notices that random data come again.
const randomBytes = 16 * mebibyte;
// As much data as does not hide what the holes cost.
const islands = 64;

/**
 * A disk as workloads want it.
 *
 * @typedef {object} Disk
 * @property {"memory" | "file" | "plugin"} kind
 * @property {"random" | "islands" | "hole"} content all data; a hole with 64 MiB of data scattered in it; all hole
 * @property {bigint} sizeBytes
 */

export class Disks {
  #folder;
  #made = new Set();

  constructor(folder) {
    this.#folder = folder;
  }

  /** The file that is served, or that stands for memory where a server has none of its own. */
  served(disk) {
    return this.#file("served", disk);
  }

  /** A file with the same content that nobody writes to. */
  source(disk) {
    return this.#file("source", disk);
  }

  /** A file for a client to write. */
  target() {
    return join(this.#folder, "target");
  }

  #file(use, { content, sizeBytes }) {
    const path = join(this.#folder, `${use}-${content}-${sizeBytes}`);
    if (!this.#made.has(path)) make[content](path, sizeBytes);
    this.#made.add(path);
    return path;
  }
}

const make = {
  hole(path, sizeBytes) {
    // Node sets no sizes past 2^53.
    execFileSync("truncate", ["-s", String(sizeBytes), path]);
  },
  random(path, sizeBytes) {
    writePieces(path, sizeBytes, randomBytes, randomBytes);
  },
  islands(path, sizeBytes) {
    writePieces(path, sizeBytes, mebibyte, Number(sizeBytes) / islands);
  },
};

/** Pieces of random data, each so far from the one before. */
function writePieces(path, sizeBytes, pieceBytes, distance) {
  make.hole(path, sizeBytes);
  const piece = randomFillSync(Buffer.allocUnsafe(pieceBytes));
  const fd = openSync(path, "r+");
  try {
    for (let offset = 0; offset < sizeBytes; offset += distance) writeFully(fd, piece, offset);
  } finally {
    closeSync(fd);
  }
}

function writeFully(fd, piece, offset) {
  let done = 0;
  while (done < piece.length) done += writeSync(fd, piece, done, piece.length - done, offset + done);
}
