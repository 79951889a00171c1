import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requestBytesMax } from "../../src/protocol/constants.ts";
import type { Request } from "../../src/protocol/request.ts";
import { type RequestFields, writeRequestHeader } from "../../src/protocol/request-header.ts";
import { RequestParser, skippedBytesMax } from "../../src/protocol/request-parser.ts";
import { everyCut, hex } from "./client/talk.ts";

/** Parses from borrowed buffers, and puts missing payload bytes where the parser requests them. */
function parseBorrowed(chunks: Iterable<Buffer>, extended: boolean): Request[] {
  const parser = new RequestParser(extended);
  const requests: Request[] = [];
  for (const chunk of chunks) {
    const borrowed = Buffer.from(chunk);
    const missing = parser.missing();
    const filled = Math.min(borrowed.length, missing === undefined ? 0 : missing.end - missing.start);
    if (missing !== undefined) {
      borrowed.copy(missing.buffer, missing.start, 0, filled);
      parser.filled(filled);
    }
    parser.push(borrowed.subarray(filled));
    // Take at most one request, so that complete requests are pending when the buffer is returned.
    const request = nextOf(parser);
    if (request !== undefined) requests.push(request);
    parser.keep();
    borrowed.fill(0xee);
  }
  for (let request = nextOf(parser); request !== undefined; request = nextOf(parser)) requests.push(request);
  return requests;
}

/** Returns the next request, or undefined until more bytes arrive. */
function nextOf(parser: RequestParser): Request | undefined {
  return parser.peek() ? parser.take() : undefined;
}

/** Returns all requests of the chunks. */
function parse(chunks: Iterable<Buffer>, extended = false): { requests: Request[]; parser: RequestParser } {
  const parser = new RequestParser(extended);
  const requests: Request[] = [];
  for (const chunk of chunks) {
    parser.push(chunk);
    for (let request = nextOf(parser); request !== undefined; request = nextOf(parser))
      requests.push(request);
  }
  return { requests, parser };
}

const field = { cookie: fc.bigInt(0n, 2n ** 64n - 1n), offset: fc.bigInt(0n, 2n ** 64n - 1n) };
/** Any header, with a payload that is small enough for a test. */
const header: fc.Arbitrary<RequestFields> = fc
  .record({
    command: fc.oneof(fc.nat(8), fc.nat(0xffff)),
    flags: fc.oneof(fc.nat(0x3f), fc.nat(0xffff)),
    length: fc.oneof(fc.bigInt(0n, 50n), fc.bigInt(0n, 2n ** 32n - 1n)),
    ...field,
  })
  .map((any) => (any.command === 1 || any.flags & 0x20 ? { ...any, length: any.length % 100n } : any));

function encode(headers: readonly RequestFields[], extended: boolean): Buffer {
  return Buffer.concat(
    headers.map((one) => {
      const hasPayload = one.command === 1 || (extended && (one.flags & 0x20) !== 0);
      return Buffer.concat([
        writeRequestHeader(one, extended),
        hasPayload ? Buffer.alloc(Number(one.length), Number(one.cookie & 0xffn)) : Buffer.alloc(0),
      ]);
    }),
  );
}

function cutInto(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = lengths[turn % lengths.length]!;
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

describe("RequestParser", () => {
  it("reads every field of a request", () => {
    const read = hex("25609513 0004 0000 0102030405060708 1112131415161718 00000200");
    const write = hex("25609513 0001 0001 ffffffffffffffff 0000000000000000 00000003 616263");
    for (const chunks of everyCut(Buffer.concat([read, write]))) {
      const { requests, parser } = parse(chunks);
      expect(requests).toEqual([
        {
          kind: "read",
          cookie: 0x0102030405060708n,
          offset: 0x1112131415161718n,
          length: 512,
          dontFragment: true,
        },
        {
          kind: "write",
          cookie: 2n ** 64n - 1n,
          offset: 0n,
          length: 3,
          payload: Buffer.from("abc"),
          fua: true,
        },
      ]);
      expect(parser.idle).toBe(true);
    }
  });

  it("reads every field of an extended request", () => {
    const zero = hex("21e41c71 0013 0006 0102030405060708 1112131415161718 00000001 00000000");
    const status = hex("21e41c71 0028 0007 0000000000000001 0000000000000002 0000000000000010");
    const payload = hex("ffffffff ffffffff 00000001 00000002");
    for (const chunks of everyCut(Buffer.concat([zero, status, payload]))) {
      expect(parse(chunks, true).requests).toEqual([
        {
          kind: "zero",
          cookie: 0x0102030405060708n,
          offset: 0x1112131415161718n,
          length: 2n ** 32n,
          fua: true,
          mayTrim: false,
          fastZero: true,
        },
        {
          kind: "blockStatus",
          cookie: 1n,
          offset: 2n,
          length: 2n ** 64n - 1n,
          requestOne: true,
          contextIds: [1, 2],
        },
      ]);
    }
  });

  it("is idle only between requests", () => {
    const bytes = hex("25609513 0000 0001 0000000000000001 0000000000000000 00000002 6162");
    for (let length = 0; length <= bytes.length; length++) {
      const { parser } = parse([bytes.subarray(0, length)]);
      expect(parser.idle, `${length} bytes`).toBe(length === 0 || length === bytes.length);
    }
  });

  it("parses the same requests from any bytes, however the stream is split", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(header, { maxLength: 8 }), lengths, fc.boolean(), (headers, cut, extended) => {
        const bytes = encode(headers, extended);
        const { requests, parser } = parse(cutInto(bytes, cut), extended);
        expect(requests).toEqual(parse([bytes], extended).requests);
        expect(parseBorrowed(cutInto(bytes, cut), extended)).toEqual(requests);
        expect(requests.map(({ cookie }) => cookie)).toEqual(headers.map(({ cookie }) => cookie));
        expect(parser.idle).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it.each([false, true])("fails at a wrong magic number (extended: %s)", (extended) => {
    const magics = ["25609513", "21e41c71", "67446698", "00000000"];
    for (const magic of magics.filter((one) => one !== magics[extended ? 1 : 0])) {
      expect(() => parse([hex(magic, "00".repeat(28))], extended)).toThrow(/magic/);
    }
  });

  it("uses no memory for a payload that it skips", () => {
    const { parser } = parse([
      writeRequestHeader(
        { command: 1, flags: 0, cookie: 7n, offset: 0n, length: BigInt(skippedBytesMax) },
        false,
      ),
    ]);
    const piece = Buffer.alloc(16 * 1024 * 1024);
    for (let sent = 0; sent < skippedBytesMax; sent += piece.length) {
      expect(nextOf(parser)).toBeUndefined();
      parser.push(piece);
      if (sent + piece.length < skippedBytesMax)
        expect([nextOf(parser), parser.pendingBytes]).toEqual([undefined, 0]);
    }
    expect(nextOf(parser)).toMatchObject({ kind: "refused", cookie: 7n, code: "ENOMEM" });
    expect(parser.idle).toBe(true);
  });

  it("fails before a payload that is too large to skip", () => {
    const length = BigInt(skippedBytesMax) + 1n;
    const write = writeRequestHeader({ command: 1, flags: 0, cookie: 0n, offset: 0n, length }, false);
    expect(() => parse([write])).toThrow(/over the limit/);
    const status = { command: 7, flags: 0x20, cookie: 0n, offset: 0n, length: 2n ** 64n - 1n };
    expect(() => parse([writeRequestHeader(status, true)], true)).toThrow(/over the limit/);
  });

  it("accepts a range of any length when no payload follows", () => {
    const trim = { command: 4, flags: 0, cookie: 0n, offset: 0n, length: 2n ** 64n - 1n };
    expect(parse([writeRequestHeader(trim, true)], true).requests).toMatchObject([
      { kind: "trim", length: trim.length },
    ]);
    expect(requestBytesMax).toBeLessThan(skippedBytesMax);
  });
});
