/**
 * What would do something to a terminal or a log instead of being seen there: control characters (C0, DEL, C1), line
 * and paragraph separators, format characters (bidi overrides and isolates, zero-width ones) and lone surrogates.
 */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}]/gu;

/** The same, and what begins an escape. */
const escaped = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Cs}\\]/gu;

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
 * One line that shows any text as nbdkit does: `\n` and the like, the bytes of other unseen characters as `\xNN`, and
 * `\\` for a backslash, so that it can be told what the text was.
 */
export function printable(text: string): string {
  return text.replace(escaped, (character) => short[character] ?? hexBytes(character));
}

/** The same for a message that may be the stack of an error, whose lines stay lines. */
export function printableStack(text: string): string {
  return text
    .split(/\n(?= {4}at )/)
    .map(printable)
    .join("\n");
}

/** A word that a shell reads back as the same text, on one line: `$'...'` (POSIX.1-2024), where quotes do not do. */
export function printableWord(word: string, quote: (word: string) => string): string {
  return word.search(unseen) === -1 ? quote(word) : `$'${printable(word).replaceAll("'", "\\'")}'`;
}

/** JSON that shows what `JSON.stringify` leaves as it is, and means the same. */
export function printableJson(json: string): string {
  return json.replace(unseen, (character) =>
    character === "\n" || character === "\t" ? character : unicodeEscapes(character),
  );
}

/** A lone surrogate has no bytes in UTF-8; these are those that it would have. */
function hexBytes(character: string): string {
  const code = character.codePointAt(0)!;
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
