import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseExtentList } from "../../src/filters/extentlist/parse.ts";
import { within } from "../../src/filters/extentlist/within.ts";
import extentlist from "../../src/filters/extentlist.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { Folder } from "../helpers/folder.ts";
import { RecordingFake } from "../helpers/recording-fake.ts";

const filters = [extentlist];
const gap = { hole: true, zero: true };

describe("extentlist", () => {
  it("extentlist serves the extents of the list", async () => {
    using folder = new Folder();
    const path = folder.join("list");
    const { writeFileSync } = await import("node:fs");
    writeFileSync(
      path,
      "# all\n4k 4k hole\n\n  0 1k \n \t\n100 0 zero\n  #1k 1k\n8k\t512 zero,hole\n1k 1k 2\n",
    );
    const { plugin } = new RecordingFake(Buffer.alloc(16_384));
    await using session = await TestedChain.start({ plugin, filters, parameters: { extentlist: path } });
    const disk = await session.open();
    expect(await disk.extents(0n, 16_384, false)).toEqual([
      { length: 1024n, hole: false, zero: false },
      { length: 1024n, hole: false, zero: true },
      { length: 2048n, ...gap },
      { length: 4096n, hole: true, zero: false },
      { length: 8192n, ...gap },
    ]);
    expect(await disk.extents(5000n, 10, true)).toEqual([{ length: 10n, hole: true, zero: false }]);
  });

  it("extentlist gives the same answers as an array of states, for any list and range", () => {
    const pieces = fc.array(fc.record({ skip: fc.nat(5), length: fc.nat(5), type: fc.nat(3) }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(
        pieces,
        fc.nat(100),
        fc.integer({ min: 1, max: 100 }),
        fc.boolean(),
        (list, from, length, one) => {
          const states = new Array<number>(400).fill(3);
          let at = 0;
          const lines = list.map((piece) => {
            const start = at + piece.skip;
            at = start + piece.length;
            states.fill(piece.type, start, at);
            return `${start} ${piece.length} ${piece.type}`;
          });
          const found = within(
            parseExtentList(lines.reverse().join("\n"), "list"),
            BigInt(from),
            length,
            one,
          );
          const said = found.flatMap(({ length: bytes, hole, zero }) =>
            new Array<number>(Number(bytes)).fill(Number(hole) + 2 * Number(zero)),
          );
          expect(said.length).toBeGreaterThan(0);
          expect(one ? found.length : said.length).toBeGreaterThanOrEqual(one ? 1 : length);
          expect(said.slice(0, length)).toEqual(states.slice(from, from + Math.min(length, said.length)));
        },
      ),
    );
  });

  it.each([
    ["0 1k\n512 1k", "overlapping at 512"],
    ["0", 'list:1: cannot parse "0"'],
    ["# comment\n\n0", 'list:3: cannot parse "0"'],
    ["x 1", "list:1: could not parse size string: x"],
    ["0 1 holes", 'list:1: unknown type "holes"'],
  ])("extentlist refuses the list %j", (text, message) => {
    expect(() => parseExtentList(text, "list")).toThrow(message);
  });

  it("extentlist refuses a missing file and a second file", async () => {
    const { plugin } = new RecordingFake(Buffer.alloc(1));
    const start = (paths: string[]) =>
      TestedChain.start({ plugin, filters, parameters: { extentlist: paths } });
    await expect(start(["/nothing/list"])).rejects.toThrow("open: /nothing/list: No such file or directory");
    await expect(start(["a", "b"])).rejects.toThrow("extentlist cannot appear twice");
    await expect(start([])).rejects.toThrow("you must specify extentlist=");
  });
});
