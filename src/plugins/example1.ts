import { definePlugin, type Plugin } from "../contract/plugin.ts";
import type { Extent } from "../core/extent.ts";
import { diskBytes, makeImage, type Piece } from "./example1/image.ts";

/** A small example plugin: a read-only disk of 100 MB (nbdkit-example1-plugin(1)). */
const example1: Plugin = definePlugin({
  name: "example1",
  longname: "nbdkit example1 plugin",
  description: "A read-only example disk with one partition",
  provides: ["multiConn", "extents"],
  configComplete: () => makeImage("hello.txt", "Hello from the example1 plugin of nbdkit-node.\n"),
  // No `write`, so the export is read-only.
  open: (pieces) => ({
    size: BigInt(diskBytes),
    multiConn: true,
    read: (into, offset) => read(pieces, into, Number(offset)),
    extents: (offset, length) => extents(pieces, Number(offset), length),
  }),
});

export default example1;

function read(pieces: readonly Piece[], into: Uint8Array, offset: number): void {
  into.fill(0);
  for (const { start, bytes } of pieces) {
    const from = Math.max(offset, start);
    const to = Math.min(offset + into.length, start + bytes.length);
    if (from < to) into.set(bytes.subarray(from - start, to - start), from - offset);
  }
}

/** Reports each piece as data and the gaps between pieces as holes. The pieces are sorted by offset. */
function extents(pieces: readonly Piece[], offset: number, length: number): readonly Extent[] {
  const end = offset + length;
  const found: Extent[] = [];
  let at = offset;
  for (const { start, bytes } of pieces) {
    const [from, to] = [Math.max(at, start), Math.min(end, start + bytes.length)];
    if (from >= to) continue;
    found.push({ length: BigInt(from - at), hole: true, zero: true });
    found.push({ length: BigInt(to - from), hole: false, zero: false });
    at = to;
  }
  return [...found, { length: BigInt(end - at), hole: true, zero: true }];
}
