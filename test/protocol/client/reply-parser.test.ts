import { describe, expect, it } from "vitest";
import type { ReplyForm } from "../../../src/protocol/chunk.ts";
import type { Awaited, Outcome } from "../../../src/protocol/client/awaited.ts";
import { ReplyParser } from "../../../src/protocol/client/reply-parser.ts";
import { ascii, everyCut, hex } from "./talk.ts";

const read = (length: number, dontFragment = false): Awaited & { into: Buffer } =>
  ({ kind: "read", offset: 0x1000n, length, into: Buffer.alloc(length, "."), dontFragment }) as const;
const status = (length: bigint, ids = [7], requestOne = false): Awaited =>
  ({ kind: "status", offset: 0x1000n, length, requestOne, contextIds: ids, exportSize: 0x3000n }) as const;
const plain: Awaited = { kind: "plain", offset: 0x1000n };

/** Returns the outcomes of the parser for requests with the cookies 1, 2, ... */
function parse(form: ReplyForm, awaited: readonly Awaited[], chunks: readonly Buffer[]): [bigint, Outcome][] {
  const open = new Map(awaited.map((one, index) => [BigInt(index + 1), one]));
  const outcomes: [bigint, Outcome][] = [];
  const parser = new ReplyParser(form, {
    awaited: (cookie) => open.get(cookie),
    settled: (cookie, outcome) => {
      open.delete(cookie);
      outcomes.push([cookie, outcome]);
    },
  });
  for (const chunk of chunks) parser.push(chunk);
  return outcomes;
}

const cookie = (number: number): string => number.toString(16).padStart(16, "0");
const simple = (number: number, error = 0): string =>
  `67446698 ${error.toString(16).padStart(8, "0")} ${cookie(number)}`;
const digits = (data: string): string => data.replace(/\s+/g, "");
const chunk = (number: number, type: string, done: boolean, data: string): string =>
  `668e33ef ${done ? "0001" : "0000"} ${type} ${cookie(number)} ${(digits(data).length / 2).toString(16).padStart(8, "0")} ${data}`;
const longChunk = (
  number: number,
  type: string,
  done: boolean,
  data: string,
  offset = "0000000000001000",
): string =>
  `6e8a278c ${done ? "0001" : "0000"} ${type} ${cookie(number)} ${offset} ${(digits(data).length / 2).toString(16).padStart(16, "0")} ${data}`;

const ok = { ok: true, status: new Map() };

describe("ReplyParser", () => {
  it("reads simple replies, with data for reads and errors for any request", () => {
    const bytes = hex(simple(2), simple(1), ascii("data"), simple(3, 28), simple(4, 999));
    for (const chunks of everyCut(bytes)) {
      const reading = read(4);
      expect(parse("simple", [reading, plain, plain, read(9)], chunks)).toEqual([
        [2n, ok],
        [1n, ok],
        [3n, { ok: false, failure: { code: "ENOSPC", text: "" } }],
        [4n, { ok: false, failure: { code: "EINVAL", text: "" } }],
      ]);
      expect(reading.into.toString()).toBe("data");
    }
  });

  it("assigns interleaved chunks of several replies to their requests, in any order", () => {
    const bytes = hex(
      chunk(1, "0001", false, `0000000000001006 ${ascii("gh")}`),
      chunk(2, "0001", true, `0000000000001000 ${ascii("xy")}`),
      chunk(1, "0002", false, "0000000000001002 00000004"),
      simple(3),
      chunk(1, "0001", false, `0000000000001000 ${ascii("ab")}`),
      chunk(1, "0000", true, ""),
    );
    for (const chunks of everyCut(bytes)) {
      const [first, second] = [read(8), read(2)];
      expect(parse("structured", [first, second, plain], chunks)).toEqual([
        [2n, ok],
        [3n, ok],
        [1n, ok],
      ]);
      expect(first.into.toString()).toBe("ab\0\0\0\0gh");
      expect(second.into.toString()).toBe("xy");
    }
  });

  it("keeps the first error with its message and offset, also of unknown types", () => {
    const bytes = hex(
      chunk(1, "8002", false, `00000005 0003 ${ascii("bad")} 0000000000001001`),
      chunk(1, "8001", true, "00000016 0000"),
      chunk(2, "8fff", true, `0000001c 0002 ${ascii("eh")} 123456`),
    );
    for (const chunks of everyCut(bytes)) {
      expect(parse("structured", [read(4), plain], chunks)).toEqual([
        [1n, { ok: false, failure: { code: "EIO", text: "bad", offset: 0x1001n } }],
        [2n, { ok: false, failure: { code: "ENOSPC", text: "eh" } }],
      ]);
    }
  });

  it("reads the block status of each context", () => {
    const bytes = hex(
      chunk(1, "0005", false, "00000007 00000200 00000000 00001000 00000003"),
      chunk(1, "0005", true, "00000008 00000400 00000001"),
    );
    for (const chunks of everyCut(bytes)) {
      const extents = new Map([
        [
          7,
          [
            { length: 512n, state: 0n },
            { length: 4096n, state: 3n },
          ],
        ],
        [8, [{ length: 1024n, state: 1n }]],
      ]);
      expect(parse("structured", [status(1024n, [7, 8])], chunks)).toEqual([
        [1n, { ok: true, status: extents }],
      ]);
    }
  });

  it("reads extended replies, with 64-bit extents", () => {
    const bytes = hex(
      longChunk(1, "0006", true, "00000007 00000001 0000000000002000 00000001ffffffff"),
      longChunk(2, "0001", true, `0000000000001000 ${ascii("ab")}`),
      longChunk(3, "0000", true, ""),
    );
    for (const chunks of everyCut(bytes)) {
      const reading = read(2);
      expect(parse("extended", [status(0x2000n), reading, plain], chunks)).toEqual([
        [1n, { ok: true, status: new Map([[7, [{ length: 0x2000n, state: 0x1ffffffffn }]]]) }],
        [2n, ok],
        [3n, ok],
      ]);
      expect(reading.into.toString()).toBe("ab");
    }
  });

  it("stops writing to a buffer that its owner has taken back, and continues to parse", () => {
    const bytes = hex(chunk(1, "0001", true, `0000000000001000 ${ascii("abcd")}`), simple(2));
    const reading = read(4) as { into: Buffer | undefined } & Awaited;
    const buffer = reading.into!;
    const open = new Map<bigint, Awaited>([
      [1n, reading],
      [2n, plain],
    ]);
    const settled: bigint[] = [];
    const parser = new ReplyParser("structured", {
      awaited: (c) => open.get(c),
      settled: (c) => settled.push(c),
    });
    parser.push(bytes.subarray(0, 30));
    reading.into = undefined;
    parser.push(bytes.subarray(30));
    expect(buffer.toString()).toBe("ab..");
    expect(settled).toEqual([1n, 2n]);
  });
});

describe("the client disconnects from a server that violates the protocol in its replies", () => {
  it("too many error chunks in one reply", () => {
    const errors = Array.from({ length: 65_537 }, () => chunk(1, "8001", false, "00000005 0000"));
    expect(() => parse("structured", [read(4)], [hex(...errors)])).toThrow(/more than 65536 errors/);
  });

  it.each<[string, ReplyForm, Awaited, string[], RegExp]>([
    ["a wrong magic", "simple", plain, ["12345678"], /not how a simple reply starts/],
    [
      "a chunk without structured replies",
      "simple",
      plain,
      [chunk(1, "0000", true, "")],
      /not how a simple reply starts/,
    ],
    [
      "a simple reply among extended ones",
      "extended",
      plain,
      [simple(1)],
      /not how an? extended reply starts/,
    ],
    ["an unknown cookie", "simple", plain, [simple(9)], /never sent/],
    ["a second reply", "simple", plain, [simple(1), simple(1)], /never sent/],
    ["a simple reply to a structured read", "structured", read(4), [simple(1)], /simple reply to a read/],
    ["a simple success to block status", "structured", status(9n), [simple(1)], /tells nothing/],
    [
      "a simple reply inside a structured one",
      "structured",
      status(0x1000n, [7, 8]),
      [chunk(1, "0005", false, "00000007 00000200 00000000"), simple(1, 5)],
      /in the middle/,
    ],
    ["an unknown chunk type", "structured", plain, [chunk(1, "0003", true, "")], /type 3 does not answer/],
    [
      "data for a flush",
      "structured",
      plain,
      [chunk(1, "0001", true, "000000000000100061")],
      /type 1 does not answer/,
    ],
    [
      "a hole for block status",
      "structured",
      status(9n),
      [chunk(1, "0002", true, "")],
      /type 2 does not answer/,
    ],
    [
      "a short extended status",
      "extended",
      status(9n),
      [longChunk(1, "0005", true, "")],
      /type 5 does not answer/,
    ],
    [
      "an offset that is not the offset of the request",
      "extended",
      plain,
      [longChunk(1, "0000", true, "", cookie(5))],
      /reply at offset 5/,
    ],
    ["an empty chunk with data", "structured", plain, [chunk(1, "0000", true, "00")], /type 0 with 1 bytes/],
    ["an empty chunk in the middle", "structured", plain, [chunk(1, "0000", false, "")], /not the last/],
    [
      "a data chunk of no bytes",
      "structured",
      read(4),
      [chunk(1, "0001", true, "0000000000001000")],
      /with 8 bytes/,
    ],
    [
      "data longer than the read",
      "structured",
      read(4),
      [chunk(1, "0001", true, `${cookie(0x1000)}6162636465`)],
      /13 bytes/,
    ],
    [
      "data before the read",
      "structured",
      read(4),
      [chunk(1, "0001", true, `${cookie(0xfff)}6162`)],
      /at 4095 for a read/,
    ],
    [
      "data after the read",
      "structured",
      read(4),
      [chunk(1, "0001", true, `${cookie(0x1003)}6162`)],
      /at 4099 for a read/,
    ],
    [
      "a hole after the read",
      "structured",
      read(4),
      [chunk(1, "0002", true, `${cookie(0x1000)}00000005`)],
      /5 bytes at/,
    ],
    [
      "a hole of no length",
      "structured",
      read(4),
      [chunk(1, "0002", true, `${cookie(0x1000)}00000000`)],
      /length 0/,
    ],
    [
      "overlapping data",
      "structured",
      read(4),
      [
        chunk(1, "0001", false, `${cookie(0x1000)}616263`),
        chunk(1, "0002", true, `${cookie(0x1002)}00000002`),
      ],
      /overlap/,
    ],
    [
      "short data",
      "structured",
      read(4),
      [chunk(1, "0001", true, `${cookie(0x1000)}616263`)],
      /before all of it came/,
    ],
    [
      "fragments of a read with DF",
      "structured",
      read(4, true),
      [chunk(1, "0001", false, `${cookie(0x1000)}6162`), chunk(1, "0001", true, `${cookie(0x1002)}6162`)],
      /must not be fragmented/,
    ],
    [
      "an error chunk with error number 0",
      "structured",
      plain,
      [chunk(1, "8001", true, "000000000000")],
      /without an error/,
    ],
    [
      "an error text too long",
      "structured",
      plain,
      [chunk(1, "8001", true, "0000000500ff61")],
      /longer than itself/,
    ],
    [
      "an error without offset",
      "structured",
      plain,
      [chunk(1, "8002", true, "000000050000")],
      /without its offset/,
    ],
    [
      "a huge error",
      "structured",
      plain,
      ["668e33ef 0001 8001", cookie(1), "00100000"],
      /with 1048576 bytes/,
    ],
    [
      "no status for a context",
      "structured",
      status(512n, [7, 8]),
      [chunk(1, "0005", true, "000000070000020000000000")],
      /every metadata context/,
    ],
    [
      "status for another context",
      "structured",
      status(512n),
      [chunk(1, "0005", true, "000000090000020000000000")],
      /unknown context 9/,
    ],
    [
      "status twice",
      "structured",
      status(512n),
      [
        chunk(1, "0005", false, "000000070000020000000000"),
        chunk(1, "0005", true, "000000070000020000000000"),
      ],
      /came twice/,
    ],
    [
      "an error text over twice the longest",
      "structured",
      plain,
      ["668e33ef 0001 8001", cookie(1), "00002001"],
      /with 8193 bytes/,
    ],
    [
      "status of more than 2^20 extents",
      "structured",
      status(512n),
      ["668e33ef 0001 0005", cookie(1), "0080000c"],
      /from 12 to 8388612 are possible/,
    ],
    [
      "extended status of more than 2^20 extents",
      "extended",
      status(512n),
      ["6e8a278c 0001 0006", cookie(1), cookie(0x1000), "0000000001000018"],
      /from 24 to 16777224 are possible/,
    ],
    [
      "an extent of length 0",
      "structured",
      status(512n),
      [chunk(1, "0005", true, "000000070000000000000000")],
      /length 0/,
    ],
    [
      "status that ends between extents",
      "structured",
      status(512n),
      [chunk(1, "0005", true, "00000007000002000000000000")],
      /13 bytes/,
    ],
    [
      "extents after the range",
      "structured",
      status(512n),
      [chunk(1, "0005", true, "00000007 00000200 00000000 00000200 00000000")],
      /beyond the range/,
    ],
    [
      "extents after the end",
      "structured",
      status(512n),
      [chunk(1, "0005", true, "000000070000200100000000")],
      /end of the export/,
    ],
    [
      "two extents for REQ_ONE",
      "structured",
      status(512n, [7], true),
      [chunk(1, "0005", true, "000000070000040000000000")],
      /more than the one/,
    ],
    [
      "a wrong count",
      "extended",
      status(512n),
      [longChunk(1, "0006", true, `00000007 00000002 ${cookie(512)} ${cookie(0)}`)],
      /count/,
    ],
  ])("%s", (_, form, awaited, bytes, reason) => {
    // One buffer serves all cuts: each error occurs before the buffer is changed.
    for (const chunks of everyCut(hex(...bytes))) {
      expect(() => parse(form, [awaited], chunks)).toThrow(
        expect.objectContaining({ code: "EPROTO", message: expect.stringMatching(reason) }),
      );
    }
  });
});
