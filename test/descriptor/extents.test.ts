import { closeSync, openSync, writeSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canFindExtents, findExtents, findExtentsNow } from "../../src/descriptor/extents.ts";
import { createMemoryFile } from "../../src/descriptor/memory-file.ts";
import { native } from "../../src/native/load.ts";

const page = 4096;
let fd: number;

beforeAll(() => {
  fd = createMemoryFile("nbdkit-test", BigInt(20_000 * page));
  for (const at of [2, 3, 7]) writeSync(fd, Buffer.alloc(page, 1), 0, page, at * page);
  for (let at = 1000; at < 20_000; at += 2) writeSync(fd, Buffer.alloc(page, 1), 0, page, at * page);
});
afterAll(() => native().closeDescriptor(fd));

/** Formats extents as text: "h" for a hole or "d" for data, with the number of pages. */
function shortly(extents: readonly { length: bigint; hole: boolean; zero: boolean }[]): string {
  return extents.map(({ length, hole }) => `${hole ? "h" : "d"}${Number(length) / page}`).join(" ");
}

describe("findExtents", () => {
  const ranges: readonly (readonly [at: number, length: number, expected: string])[] = [
    [0, 10, "h2 d2 h3 d1 h2"],
    [2, 2, "d2"],
    [3, 1, "d1"],
    [3, 2, "d1 h1"],
    [8, 10, "h10"],
    [0.5, 2, "h1.5 d0.5"],
    [2.5, 2, "d1.5 h0.5"],
  ];
  for (const [at, length, expected] of ranges) {
    it(`finds ${expected} at page ${at}, in both the synchronous and the asynchronous function`, async () => {
      const range = [fd, BigInt(at * page), length * page, false] as const;
      expect(shortly(findExtentsNow(...range))).toBe(expected);
      expect(shortly(await findExtents(...range))).toBe(expected);
    });
  }

  it("returns one extent when the client asks for one", async () => {
    expect(shortly(findExtentsNow(fd, 0n, 10 * page, true))).toBe("h2");
    expect(shortly(await findExtents(fd, BigInt(2 * page), 10 * page, true))).toBe("d2");
  });

  it("limits the number of extents of a fragmented file", () => {
    expect(findExtentsNow(fd, BigInt(1000 * page), 19_000 * page, false)).toHaveLength(4096);
  });

  it("detects whether the file system reports holes", async () => {
    expect(await canFindExtents(fd)).toBe(true);
    const terminal = openSync("/dev/null", "r");
    closeSync(terminal);
    expect(await canFindExtents(terminal)).toBe(false);
  });
});
