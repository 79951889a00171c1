import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Handle } from "../../src/contract/handle.ts";
import { definePlugin } from "../../src/contract/plugin.ts";
import type { Extent } from "../../src/core/extent.ts";
import type { Subject } from "../../src/testing/subject.ts";
import { sector, sectorDisk } from "../helpers/sector-disk.ts";
import { failures } from "./failures.ts";

const size = 100_000;

/** Makes a plugin with one disk for all clients; `change` breaks the handle of a correct disk. */
function broken(change: (disk: ReturnType<typeof sectorDisk>, bytes: Buffer) => Partial<Handle>): Subject {
  const parameters = {};
  return {
    parameters,
    plugin: definePlugin({
      name: "broken",
      configComplete: () => ({ bytes: Buffer.alloc(size, 7) }),
      open: ({ bytes }) => {
        const disk = sectorDisk(bytes);
        return { ...disk, ...change(disk, bytes) };
      },
    }),
  };
}

/** Writes by reading whole sectors, changing a part and writing them back, without a lock. */
async function readChangeWrite(disk: Handle, from: Uint8Array, offset: bigint): Promise<void> {
  const start = offset - (offset % BigInt(sector));
  const end = offset + BigInt(from.length);
  const stop = end + (BigInt(sector) - (end % BigInt(sector)));
  const around = Buffer.alloc(Number((stop < disk.size ? stop : disk.size) - start));
  await disk.read(around, start);
  await setImmediate();
  around.set(from, Number(offset - start));
  await disk.write!(around, start, { fua: false });
}

const cases: Readonly<
  Record<string, readonly [(disk: ReturnType<typeof sectorDisk>, bytes: Buffer) => Partial<Handle>, string]>
> = {
  "leaves the buffer of a read unfilled": [
    () => ({ read: () => {} }),
    "byte 0 reads as 241, and then as 242, without a change: a read left this byte of its buffer unfilled",
  ],
  "leaves the last byte of a long read unfilled": [
    (disk) => ({
      read: (into, offset) => disk.read(into.length > 4096 ? into.subarray(0, -1) : into, offset),
    }),
    "a read left this byte of its buffer unfilled",
  ],
  "returns a buffer instead of filling the one it is given": [
    (_disk, bytes) => ({
      read: ((into: Uint8Array, offset: bigint) =>
        bytes.subarray(Number(offset), Number(offset) + into.length)) as unknown as Handle["read"],
    }),
    "the read of broken returned a buffer: it fills `into` and returns nothing",
  ],
  "resolves to a buffer": [
    (_disk, bytes) => ({
      read: (async (into: Uint8Array, offset: bigint) =>
        bytes.subarray(Number(offset), Number(offset) + into.length)) as unknown as Handle["read"],
    }),
    "the read of broken returned a buffer: it fills `into` and returns nothing",
  ],
  "keeps the buffers of writes": [
    (disk) => {
      let kept: Parameters<Required<Handle>["write"]>[] = [];
      return {
        write: (...write) => void kept.push(write),
        read: (into, offset) => {
          for (const write of kept) disk.write(...write);
          kept = [];
          return disk.read(into, offset);
        },
      };
    },
    "the buffer of a write was kept and used after the write had been answered: copy what you keep",
  ],
  "keeps the buffers of reads": [
    (disk) => {
      const kept = new Map<string, Uint8Array>();
      return {
        read(into, offset) {
          const key = `${offset}+${into.length}`;
          const known = kept.get(key);
          if (known !== undefined) return void into.set(known);
          kept.set(key, into);
          return disk.read(into, offset);
        },
      };
    },
    "the buffer of a read was kept and used after the read had been answered: copy what you keep",
  ],
  "fills a buffer after the read has been answered": [
    (disk) => ({
      read(into, offset) {
        disk.read(into, offset);
        global.setImmediate(() => void disk.read(into, offset));
      },
    }),
    "the buffer of a read changed after the read had been answered: the plugin may use this borrowed buffer only until then",
  ],
  "changes the buffer of a write": [
    (disk) => ({
      write(from, offset, flags) {
        disk.write(from, offset, flags);
        from.fill(0);
      },
    }),
    "a write changed its borrowed buffer",
  ],
  "fills the whole ArrayBuffer": [
    (disk) => ({
      read(into, offset) {
        const whole = new Uint8Array(into.buffer, into.byteOffset - 1, into.length + 1);
        whole[0] = 0;
        return disk.read(into, offset);
      },
    }),
    "a read changed bytes beside its buffer: use byteOffset",
  ],
  "writes from the beginning of the ArrayBuffer": [
    (disk) => ({
      write: (from, offset, flags) =>
        disk.write(new Uint8Array(from.buffer).subarray(0, from.length), offset, flags),
    }),
    "this byte lies beside the buffer, in the same ArrayBuffer: use byteOffset and byteLength",
  ],
  "reads wrong data for unaligned requests": [
    (disk) => ({
      read: (into, offset) => void (offset % 512n === 1n ? into.fill(9) : disk.read(into, offset)),
    }),
    "a read fills its buffer with the bytes of any range, to the last byte of the disk: byte 1 reads as 9 and should be 7",
  ],
  "loses writes": [
    () => ({ write: () => {} }),
    "a write can be read back, and changes no byte beside its range: byte 0 reads as 7 and should be 1",
  ],
  "writes one byte too many": [
    (disk) => ({
      write: (from, offset, flags) =>
        disk.write(
          new Uint8Array(Math.min(from.length + 1, size - Number(offset))).fill(from[0]!),
          offset,
          flags,
        ),
    }),
    "a write can be read back, and changes no byte beside its range",
  ],
  "writes whole sectors, with zeroes around the data": [
    (disk) => ({
      write(from, offset, flags) {
        const head = Number(offset % BigInt(sector));
        const start = offset - BigInt(head);
        const length = Math.min(Math.ceil((head + from.length) / sector) * sector, size - Number(start));
        const whole = Buffer.alloc(length);
        whole.set(from, head);
        return disk.write(whole, start, flags);
      },
    }),
    "a write can be read back, and changes no byte beside its range: byte 1 reads as 0 and should be 7",
  ],
  "returns other data from readNow than from read": [
    () => ({ readNow: (buffer, start, end) => buffer.fill(9, start, end).length > 0 }),
    "readNow and read differ: byte 0 is 9 and 7",
  ],
  "loses writes of writeNow": [
    () => ({ writeNow: () => true }),
    "a write can be read back, and changes no byte beside its range",
  ],
  "does nothing for zero": [
    () => ({ zero: () => {} }),
    "a range that is zeroed reads as zeroes, also after it has been read, and no byte beside it changes: byte 0 reads as",
  ],
  "zeroes only whole sectors": [
    (disk) => ({
      zero(offset, length, flags) {
        const start = Math.ceil(Number(offset) / sector) * sector;
        const end = Math.floor((Number(offset) + length) / sector) * sector;
        if (end > start) return disk.zero(BigInt(start), end - start, flags);
      },
    }),
    "a range that is zeroed reads as zeroes",
  ],
  "zeroes the rest of the sectors too": [
    (disk) => ({
      zero(offset, length, flags) {
        const start = Number(offset) - (Number(offset) % sector);
        const end = Math.min(size, Math.ceil((Number(offset) + length) / sector) * sector);
        return disk.zero(BigInt(start), end - start, flags);
      },
    }),
    "and no byte beside it changes: byte",
  ],
  "trims outside the range": [
    (disk) => ({ trim: () => disk.trim(0n, size, { fua: false }) }),
    "a range that is trimmed reads as zeroes or as before, and no byte beside it changes: byte",
  ],
  "reports data as zeroes": [
    () => ({ extents: (_, length) => [{ length: BigInt(length), hole: true, zero: true }] }),
    "the extents report 100000 bytes at 0 as zero, but byte 0 reads as 7",
  ],
  "reports data as a non-zero hole": [
    () => ({ extents: (_, length) => [{ length: BigInt(length), hole: true, zero: false }] }),
    "as a hole, but byte 0 has been written",
  ],
  "returns extents from the beginning of the disk": [
    (disk) => ({ extents: (_offset, length, one) => disk.extents(0n, length, one) }),
    "has been written: extents begin at `offset`, follow each other without gaps, and have lengths in bytes",
  ],
  "returns extents that begin at a sector before the range": [
    (disk) => ({
      extents: (offset, length, one) => disk.extents(offset - (offset % BigInt(sector)), length, one),
    }),
    "has been written: extents begin at `offset`, follow each other without gaps, and have lengths in bytes",
  ],
  "leaves gaps between its extents": [
    (disk) => ({
      async extents(offset, length, one) {
        const all = (await disk.extents(offset, length, one)) as Extent[];
        return all.length > 3 ? [all[0]!, ...all.slice(2)] : all;
      },
    }),
    "has been written: extents begin at `offset`, follow each other without gaps, and have lengths in bytes",
  ],
  "returns lengths of extents in sectors": [
    (disk) => ({
      async extents(offset, length, one) {
        const all = (await disk.extents(offset, length, one)) as Extent[];
        return all.map((extent) => ({ ...extent, length: (extent.length + 511n) / 512n }));
      },
    }),
    "has been written: extents begin at `offset`, follow each other without gaps, and have lengths in bytes",
  ],
  "returns no extents for the last bytes": [
    (disk) => ({
      extents: (offset, length, one) =>
        Number(offset) === size - 1 ? [] : disk.extents(offset, length, one),
    }),
    "the plugin or a filter returned no extents",
  ],
  "returns one state for the whole range when one extent is requested": [
    (disk) => ({
      async extents(offset, length, one) {
        const all = (await disk.extents(offset, length, one)) as Extent[];
        return one ? [{ ...all[0]!, length: BigInt(length) }] : all;
      },
    }),
    "as a hole and zero, but byte 513 has been written",
  ],
  "mixes up concurrent requests": [
    (disk) => {
      let shared = 0n;
      return {
        read: async (into, offset) => {
          shared = offset;
          await Promise.resolve();
          await disk.read(into, shared);
        },
      };
    },
    "requests of one connection that are under way at once do not lose each other's changes: byte",
  ],
  "loses writes of one connection that meet in a sector": [
    (disk) => ({ write: (from, offset) => readChangeWrite(disk, Buffer.from(from), offset) }),
    "requests of one connection that are under way at once do not lose each other's changes: byte",
  ],
  "loses writes of several connections that meet in a sector": [
    (disk) => {
      // Each client has its own queue.
      let last = Promise.resolve();
      return {
        multiConn: true,
        write(from, offset) {
          last = last.then(() => readChangeWrite(disk, from, offset));
          return last;
        },
      };
    },
    "requests of several connections that are under way at once do not lose each other's changes: byte",
  ],
  "claims multiConn, and each client has a disk of its own": [
    () => ({ ...sectorDisk(Buffer.alloc(size, 7)), multiConn: true }),
    "multiConn is claimed, but one connection does not see what another has changed and flushed: byte 0 reads as 7 and should be 1",
  ],
  "claims multiConn, and reads from a cache of the connection": [
    (disk) => {
      const kept = new Map<bigint, Uint8Array>();
      return {
        multiConn: true,
        read(into, offset) {
          const known = kept.get(offset);
          if (known?.length === into.length) return void into.set(known);
          disk.read(into, offset);
          kept.set(offset, Uint8Array.from(into));
        },
        write(from, offset, flags) {
          kept.clear();
          return disk.write(from, offset, flags);
        },
        zero(offset, length, flags) {
          kept.clear();
          return disk.zero(offset, length, flags);
        },
        trim(offset, length, flags) {
          kept.clear();
          return disk.trim(offset, length, flags);
        },
      };
    },
    "multiConn is claimed, but one connection does not see what another has changed and flushed: byte",
  ],
  "loses a part of the data when a client disconnects": [
    (disk, bytes) => ({
      close: () => void bytes.fill(7, 1000, 2000),
      write: (from, offset, flags) => disk.write(from, offset, flags),
    }),
    "what a client wrote and flushed is there for the next one, or every client has a disk of its own: byte 1",
  ],
  "changes data when another client disconnects": [
    (_disk, bytes) => ({ close: () => void bytes.fill(9) }),
    "a client that disconnects does not affect the data of another client: byte 0 reads as 9 and should be",
  ],
  "has a different size for every client": [
    () => {
      clients++;
      return { size: BigInt(size - clients) };
    },
    "the sizes of the disk for a client that may write and one that may not",
  ],
};
let clients = 0;

describe("the checks notice a plugin that", () => {
  it.each(Object.entries(cases))("%s", async (_what, [change, message]) => {
    expect(await failures(broken(change))).toContain(message);
  });

  it("fails after a trim, and list the requests that lead to the failure", async () => {
    const subject = broken((disk) => {
      let trimmed = false;
      return {
        trim: () => {
          trimmed = true;
        },
        read: (into, offset) => {
          if (trimmed) throw new Error("out of order");
          return disk.read(into, offset);
        },
      };
    });
    const all = await failures(subject);
    expect(all).toMatch(
      /any sequence of requests: out of order, after these requests of seed \d: \[\{"kind":"trim"[^\]]*\] \(seed 0\)$/,
    );
  });

  it("changes data although it refuses the request", async () => {
    const subject = broken((disk) => ({
      write: (from, offset, flags) => {
        disk.write(from, offset, flags);
        throw Object.assign(new Error("full"), { code: "ENOSPC" });
      },
    }));
    expect(await failures({ ...subject, writes: "refused" })).toContain(
      "a disk that refuses changes stays as it was: byte 0 reads as",
    );
  });
});
