import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { debugText, logText } from "../../src/core/log-text.ts";
import { printable, printableJson, printableStack, printableWord } from "../../src/core/printable.ts";
import { withoutSecrets } from "../../src/core/secrets.ts";
import { shellQuote } from "../../src/core/shell.ts";

/** All code points of Unicode, lone surrogates included. */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
});

/** Characters that must not reach a terminal or a log. */
const dangerous =
  /[\p{Cc}\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Cs}|[\u{e0000}-\u{e007f}]/u;

describe("printable", () => {
  it.each([
    ["a\nb\r\t", "a\\nb\\r\\t"],
    ["\x1b[31m\x07\b\v\f\0", "\\x1b[31m\\a\\b\\v\\f\\x00"],
    ["\x7f\x9b", "\\x7f\\xc2\\x9b"],
    [
      "\u2028\u2029\u202e\u2066\u200b\ufeff",
      "\\xe2\\x80\\xa8\\xe2\\x80\\xa9\\xe2\\x80\\xae\\xe2\\x81\\xa6\\xe2\\x80\\x8b\\xef\\xbb\\xbf",
    ],
    ["\ud800 \udfff", "\\xed\\xa0\\x80 \\xed\\xbf\\xbf"],
    ["\\x1b", "\\\\x1b"],
    ["ü € 漢 😀 'quoted' \"twice\"", "ü € 漢 😀 'quoted' \"twice\""],
  ])("%j is shown as %s", (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it("returns no dangerous characters, and different results for different texts", () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        expect(printable(one)).not.toMatch(dangerous);
        expect(printable(one) === printable(other)).toBe(one === other);
      }),
    );
  });

  it("printableStack keeps the line breaks of a stack, and no others", () => {
    const stack = "Error: a\nnbdkit: error: fake\n    at f (file:1:2)\n    at g\x1b (file:3:4)";
    expect(printableStack(stack)).toBe(
      "Error: a\\nnbdkit: error: fake\n    at f (file:1:2)\n    at g\\x1b (file:3:4)",
    );
  });

  it("printableWord returns a word that bash reads back unchanged", () => {
    for (const word of ["plain", "it's", "a\n'b\\n\x1b[31m", '\u202eü$(id)`id`"\r']) {
      const written = printableWord(word, shellQuote);
      expect(written).not.toMatch(dangerous);
      expect(
        execFileSync("bash", ["--norc", "-c", `printf %s ${written}`], {
          env: { LC_ALL: "C.UTF-8" },
        }).toString(),
      ).toBe(word);
    }
  });

  it("every character that is not visible is escaped, assigned or not", () => {
    for (let code = 0; code <= 0x10ffff; code++) {
      const text = String.fromCodePoint(code);
      if (!dangerous.test(text)) continue;
      expect(printable(text), code.toString(16)).not.toMatch(dangerous);
      expect(printableJson(JSON.stringify(text)), code.toString(16)).not.toMatch(dangerous);
    }
  });

  it("printableJson does not change the meaning of JSON", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const json = printableJson(JSON.stringify({ text }));
        expect(JSON.parse(json)).toEqual({ text });
        expect(json).not.toMatch(dangerous);
      }),
    );
  });
});

describe("withoutSecrets", () => {
  it.each([
    ["nbd://user:secret@host/export", "nbd://user:***@host/export"],
    ["nbds+unix://user:secret@/?socket=/s", "nbds+unix://user:***@/?socket=/s"],
    ["key=https://me:p@ss:word@host:1234/a?b", "key=https://me:***@host:1234/a?b"],
    ["nbds://user%3Asecret@host", "nbds://user%3A***@host"],
    ["sftp://:secret@host and ftp://a:b@c", "sftp://:***@host and ftp://a:***@c"],
    ["nbd://user@host:10809/a:b@c", "nbd://user@host:10809/a:b@c"],
    ["nbd+unix:///a:b@c?socket=/d:e@f", "nbd+unix:///a:b@c?socket=/d:e@f"],
    ["a:b@c", "a:b@c"],
  ])("%s is shown as %s", (text, shown) => {
    expect(withoutSecrets(text)).toBe(shown);
    expect(logText(text)).toBe(shown);
    expect(debugText(text)).toBe(shown);
  });
});
