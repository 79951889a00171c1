import { must } from "./assert.ts";

/**
 * Characters that affect a terminal or a log instead of being visible: control characters (C0, DEL, C1), line
 * and paragraph separators, format characters (bidi overrides and isolates, zero-width ones) and lone
 * surrogates. U+2065 and parts of the tag block have no category yet, but are reserved for format characters.
 */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}\u2065\u{e0000}-\u{e007f}]/gu;

/** The same, and the backslash, which begins an escape. */
const escaped = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}\u2065\u{e0000}-\u{e007f}\\]/gu;

const short: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\x07": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
};

/**
 * Shows any text in one line, as nbdkit does: `\n` and similar escapes, `\xNN` for the bytes of other
 * invisible characters, and `\\` for a backslash, so that the original text can be recovered.
 */
export function printable(text: string): string {
  return text.replace(escaped, (character) => short[character] ?? hexBytes(character));
}

/**
 * The same for a message that may end with the stack of an error; the lines of the stack stay separate lines.
 */
export function printableStack(text: string): string {
  return text
    .split(/\n(?= {4}at )/)
    .map(printable)
    .join("\n");
}

/**
 * Quotes a word on one line so that a shell reads back the same text: `$'...'` (POSIX.1-2024) where normal
 * quotes are not enough.
 */
export function printableWord(word: string, quote: (word: string) => string): string {
  return word.search(unseen) === -1 ? quote(word) : `$'${printable(word).replaceAll("'", "\\'")}'`;
}

/** Escapes invisible characters that `JSON.stringify` leaves unescaped. The JSON means the same. */
export function printableJson(json: string): string {
  return json.replace(unseen, (character) =>
    character === "\n" || character === "\t" ? character : unicodeEscapes(character),
  );
}

/** A lone surrogate has no UTF-8 encoding; its generalized encoding (WTF-8) is used. */
function hexBytes(character: string): string {
  const code = must(character.codePointAt(0));
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  const bytes = isSurrogate
    ? [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]
    : [...new TextEncoder().encode(character)];
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}

function unicodeEscapes(character: string): string {
  return Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
    .join("");
}
