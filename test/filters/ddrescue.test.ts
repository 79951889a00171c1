import { afterAll, describe, expect, it } from "vitest";
import { parseMapfile } from "../../src/filters/ddrescue/mapfile.ts";
import ddrescue from "../../src/filters/ddrescue.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { Folder } from "../helpers/folder.ts";
import { overMemory, RecordingDisk } from "./disks.ts";

const folder = new Folder();
afterAll(() => folder[Symbol.dispose]());

let files = 0;
const mapfile = (text: string): string => folder.file(`map${files++}`, text);
const whole = mapfile("# a comment\n0x0 + 1\n0 0x100000 +\n");

testPlugin("ddrescue of a rescued disk", {
  ...overMemory(ddrescue, { "ddrescue-mapfile": whole }),
  runs: 5,
  writes: "refused",
});

/** 64 KiB, of which the bytes from 1000 to 1999 have not been rescued. */
async function start(changes = {}) {
  const disk = new RecordingDisk(changes);
  const text = "0x0 * 1\n2000 1000 +\n0x0 1000 +\n1000 500 -\n1500 500 ?\n3000 62536 + # end\n";
  const parameters = { "ddrescue-mapfile": mapfile(text) };
  const session = await TestedChain.start({ plugin: disk.plugin, filters: [ddrescue], parameters });
  return { session, disk: await session.open() };
}

describe("ddrescue", () => {
  it.each([
    [0n, 1000, true],
    [0n, 1001, false],
    [999n, 1, true],
    [1000n, 1, false],
    [1700n, 10, false],
    [1999n, 1, false],
    [1999n, 2, false],
    [2000n, 1, true],
    [2500n, 1000, true],
    [2000n, 63_536, true],
    [0n, 65_536, false],
  ] as const)("ddrescue reads %d+%d: %s", async (offset, length, works) => {
    const { session, disk } = await start();
    await using _ = session;
    const reading = contents(disk, offset, length);
    if (works) expect((await reading).equals(Buffer.alloc(length, 7))).toBe(true);
    else await expect(reading).rejects.toMatchObject({ code: "EIO" });
  });

  it("ddrescue answers at once only where all bytes have been rescued", async () => {
    const readNow = (buffer: Buffer, from: number, to: number) => {
      buffer.fill(1, from, to);
      return true;
    };
    const { session, disk } = await start({ readNow });
    await using _ = session;
    const buffer = Buffer.alloc(100);
    expect([0, 950, 1500, 2000].map((offset) => disk.readNow(buffer, 0, 100, offset))).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });

  it("ddrescue reports holes only where they have been rescued", async () => {
    const hole = { hole: true, zero: true };
    const extents = () => [{ length: 65_536n, ...hole }];
    const { session, disk } = await start({ extents });
    await using _ = session;
    expect(await disk.extents(0n, 65_536, false)).toEqual([{ length: 1000n, ...hole }]);
    expect(await disk.extents(1000n, 60_000, false)).toEqual([{ length: 1000n, hole: false, zero: false }]);
    expect(await disk.extents(2500n, 60_000, true)).toEqual([{ length: 60_000n, ...hole }]);
  });

  it("ddrescue is read-only", async () => {
    const { session, disk } = await start();
    await using _ = session;
    expect(disk).toMatchObject({ canWrite: false, canTrim: false, canZero: false, canCache: false });
  });

  it("ddrescue merges ranges in any order", () => {
    const text = "0x0 +\n0x30 0x10 +\n0x0 0x10 +\n010 0x10 +\n0x20 0x8 /\n";
    expect(parseMapfile(text, "map")).toEqual([
      { offset: 0n, length: 24n },
      { offset: 48n, length: 16n },
    ]);
  });

  it.each([
    ["", "not a mapfile of ddrescue"],
    ["0 0x200 +\n", "map:1: not a mapfile of ddrescue"],
    ["0 +\n\n0 0x200\n", 'map:3: cannot parse "0 0x200": use OFFSET LENGTH STATUS'],
    ["0 +\n0 0x200 x\n", 'map:2: cannot parse "0 0x200 x"'],
    ["0 +\n0 0xyz +\n", 'map:2: could not parse number: "0xyz"'],
    ["0 +\n-1 0 +\n", "map:2: negative numbers are not allowed"],
  ])("ddrescue refuses the mapfile %j", (text, refusal) => {
    expect(() => parseMapfile(text, "map")).toThrow(refusal);
  });

  it("ddrescue refuses a missing mapfile", async () => {
    const start = (parameters: Record<string, string>) => TestedChain.start(overMemory(ddrescue, parameters));
    await expect(start({ "ddrescue-mapfile": "/nonexistent" })).rejects.toThrow(
      "open: /nonexistent: No such file or directory",
    );
    await expect(start({})).rejects.toThrow("you must specify ddrescue-mapfile=");
  });
});
