import { describe, expect, it } from "vitest";
import type { Handle } from "../../src/backend/handle.ts";
import { definePlugin } from "../../src/backend/plugin.ts";
import { conformanceChecks, type Subject } from "../../src/testing/conformance.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { bufferDisk } from "../helpers/memory-session.ts";

/** A plugin with one disk in memory, changed for the worse. */
function broken(change: (disk: Handle) => Partial<Handle>): Subject {
  const disk = bufferDisk(Buffer.alloc(10_000, 7));
  const open = (): Handle => ({ ...disk, ...change(disk) });
  return { plugin: definePlugin({ name: "broken", open }), runs: 5 };
}

testPlugin(
  "a disk in a buffer",
  broken(() => ({})),
);
testPlugin(
  "an empty disk",
  broken(() => ({ size: 0n })),
);
testPlugin(
  "a disk that only reads",
  broken(() => ({ write: undefined! })),
);

/** It stores what it was lent only when somebody wants to read. */
function keepsBuffers(disk: Handle): Partial<Handle> {
  let kept: Parameters<Required<Handle>["write"]>[] = [];
  return {
    write: (...write) => void kept.push(write),
    read: (into, offset) => {
      for (const write of kept) disk.write!(...write);
      kept = [];
      return disk.read(into, offset);
    },
  };
}

/** What the checks say that do not hold. */
async function failures(subject: Subject): Promise<string> {
  const failed: string[] = [];
  for (const { name, run } of conformanceChecks(subject)) {
    await run().catch((error) => failed.push(`${name}: ${String(error)}`));
  }
  return failed.join("\n");
}

describe("the checks notice a disk that", () => {
  const cases: readonly (readonly [string, (disk: Handle) => Partial<Handle>, string])[] = [
    [
      "reads wrong where a request is not aligned",
      (disk) => ({
        read: (into, offset) => void (offset % 512n === 1n ? into.fill(9) : disk.read(into, offset)),
      }),
      "reads any range, to the last byte: AssertionError [ERR_ASSERTION]: byte 1 reads as 9 and should be 7",
    ],
    ["leaves what it reads unfilled", () => ({ read: () => {} }), "reads any range"],
    ["forgets writes", () => ({ write: () => {} }), "reads back what was written"],
    ["keeps the buffers of writes", keepsBuffers, "reads back what was written"],
    [
      "writes one byte too many",
      (disk) => ({
        write: (from, offset, flags) =>
          disk.write!(new Uint8Array(from.length + 1).fill(from[0]!), offset, flags),
      }),
      "reads back what was written",
    ],
    [
      "reads something else when it is in a hurry",
      () => ({ readNow: (buffer, start, end) => buffer.fill(9, start, end).length > 0 }),
      "byte 0 reads as 9 and should be 7",
    ],
    ["forgets writes when it is in a hurry", () => ({ writeNow: () => true }), "reads back what was written"],
    ["forgets to zero", () => ({ zero: () => {} }), "reads zeroes where it was told to zero"],
    [
      "trims what was not asked",
      (disk) => ({ trim: () => disk.zero!(0n, 10_000, { fua: false, mayTrim: true, fastZero: false }) }),
      "reads zeroes or the old bytes where it was trimmed",
    ],
    [
      "calls data zeroes",
      () => ({ extents: (_, length) => [{ length: BigInt(length), hole: true, zero: true }] }),
      "describes every range with extents that agree with its bytes",
    ],
    [
      "has no extents for the last bytes",
      (disk) => ({
        extents: (offset, length, one) =>
          offset === disk.size - 1n ? [] : disk.extents!(offset, length, one),
      }),
      "the plugin or a filter returned no extents",
    ],
    [
      "mixes up requests at once",
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
      "answers many requests at once",
    ],
    [
      "fails after a trim",
      (disk) => {
        let trimmed = false;
        return {
          trim: () => {
            trimmed = true;
          },
          read: (into, offset) => {
            if (trimmed) throw new Error("out of order");
            disk.read(into, offset);
          },
        };
      },
      'Error: out of order, after these requests: [{"kind":"trim"',
    ],
  ];
  it.each(cases)("%s", async (_what, change, message) => {
    expect(await failures(broken(change))).toContain(message);
  });

  it("changes where it says that it refused", async () => {
    const subject = broken((disk) => ({
      write: (from, offset, flags) => {
        disk.write!(from, offset, flags);
        throw Object.assign(new Error("full"), { code: "ENOSPC" });
      },
    }));
    expect(await failures({ ...subject, writes: "refused" })).toContain(
      "stays as it was where it refuses changes",
    );
  });

  it("is closed twice by a filter", async () => {
    const open = (next: Handle) => ({ close: () => next.close?.() });
    const subject = { ...broken(() => ({})), filters: [{ name: "twice", open }] };
    expect(await failures(subject)).toContain("closes each handle once");
  });
});
