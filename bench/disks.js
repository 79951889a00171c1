// The disks that servers serve and clients copy: files that are created at their first use.
import { execFileSync } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

const mebibyte = 2 ** 20;
// The random data repeats after this many bytes. Nothing that is measured depends on that.
const randomBytes = 16 * mebibyte;
// Little enough data to leave the cost of the holes visible.
const islands = 64;

/**
 * The disk of a workload.
 *
 * @typedef {object} Disk
 * @property {"memory" | "file" | "plugin"} kind
 * @property {"random" | "islands" | "hole"} content all data; a hole with 64 MiB of data scattered in it; all
 * hole
 * @property {bigint} sizeBytes
 */

export class Disks {
  #folder;
  #made = new Set();

  constructor(folder) {
    this.#folder = folder;
  }

  /** The file that the server serves, or that replaces memory for a server without memory disks. */
  served(disk) {
    return this.#file("served", disk);
  }

  /** A file with the same content that no client writes to. */
  source(disk) {
    return this.#file("source", disk);
  }

  /** A file that a client can write to. */
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
    // Node.js cannot set sizes above 2^53.
    execFileSync("truncate", ["-s", String(sizeBytes), path]);
  },
  random(path, sizeBytes) {
    writePieces(path, sizeBytes, randomBytes, randomBytes);
  },
  islands(path, sizeBytes) {
    writePieces(path, sizeBytes, mebibyte, Number(sizeBytes) / islands);
  },
};

/** Writes pieces of random data at intervals of `distance` bytes. */
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
