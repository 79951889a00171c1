import { closeSync, openSync, writeSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  canFindExtents,
  type ExtentSearch,
  findExtents,
  findExtentsNow,
} from "../../src/descriptor/extents.ts";
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

/** A search for all extents of a range, which is given in pages. */
function search(at: number, length: number): ExtentSearch {
  const size = BigInt(20_000 * page);
  return { offset: BigInt(at * page), length: BigInt(length * page), size, requestOne: false };
}

describe("findExtents", () => {
  const ranges: readonly (readonly [at: number, length: number, expected: string])[] = [
    [0, 10, "h2 d2 h3 d1 h992"],
    [2, 2, "d2"],
    [2, 1, "d2"],
    [3, 1, "d1"],
    [3, 2, "d1 h3"],
    [8, 10, "h992"],
    [0.5, 2, "h1.5 d2"],
    [2.5, 2, "d1.5 h3"],
    [19_998.5, 1, "d0.5 h1"],
  ];
  for (const [at, length, expected] of ranges) {
    it(`finds ${expected} at page ${at}, in both the synchronous and the asynchronous function`, async () => {
      expect(shortly(findExtentsNow(fd, search(at, length)))).toBe(expected);
      expect(shortly(await findExtents(fd, search(at, length)))).toBe(expected);
    });
  }

  it("returns one extent when the client asks for one", async () => {
    expect(shortly(findExtentsNow(fd, { ...search(0, 10), requestOne: true }))).toBe("h2");
    expect(shortly(await findExtents(fd, { ...search(2, 10), requestOne: true }))).toBe("d2");
  });

  it("limits the number of extents of a fragmented file", () => {
    expect(findExtentsNow(fd, search(1000, 19_000))).toHaveLength(4096);
  });

  it("detects whether the file system reports holes", async () => {
    expect(await canFindExtents(fd)).toBe(true);
    const terminal = openSync("/dev/null", "r");
    closeSync(terminal);
    expect(await canFindExtents(terminal)).toBe(false);
  });
});
