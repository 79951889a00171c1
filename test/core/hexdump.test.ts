import { expect, it } from "vitest";
import { hexdiff, hexdump } from "../../src/core/hexdump.ts";

it("a dump shows 16 bytes in a line, with their offset and as text", () => {
  const bytes = Buffer.from(`hello, world\n\0${"x".repeat(4)}`);
  expect([...hexdump(bytes, 0x1000n)]).toEqual([
    "00001000: 68 65 6c 6c 6f 2c 20 77  6f 72 6c 64 0a 00 78 78  |hello, world..xx|",
    "00001010: 78 78                                             |xx              |",
  ]);
});

it("a difference shows both lines, and of the second one only the bytes that differ", () => {
  const expected = Buffer.from("equal, 16 bytes.abcdefgh");
  const actual = Buffer.from("equal, 16 bytes.abXdefgh");
  expect([...hexdiff(expected, actual)]).toEqual([
    " 00000000: 65 71 75 61 6c 2c 20 31  36 20 62 79 74 65 73 2e  |equal, 16 bytes.|",
    "-00000010: 61 62 63 64 65 66 67 68                           |abcdefgh        |",
    "+00000010:       58                                          |  X             |",
  ]);
});
