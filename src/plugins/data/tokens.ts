import { parseBase64 } from "../../core/base64.ts";
import { NbdError } from "../../core/errors.ts";
import { parseSize } from "../../core/size.ts";
import type { Seek, Source } from "./expression.ts";
import { parseByte, parseNumber, stringBytes, wordBytes } from "./literals.ts";

/** The smallest part of a description. A postfix operator with its operand, such as `*8`, is one token. */
export type Token =
  | { readonly kind: "open" }
  | { readonly kind: "close" }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | Source
  | Seek
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "assign"; readonly name: string }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "repeat"; readonly count: bigint }
  | { readonly kind: "slice"; readonly from: bigint; readonly to: bigint | undefined };

/**
 * Splits a description into tokens.
 * @throws NbdError EINVAL with the offset of the error
 */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const found = scriptAt(text, at) ?? matchAt(text, at);
    if (found === undefined) throw unexpected(text, at);
    if (found.token !== undefined) tokens.push(found.token);
    at += found.length;
  }
  return tokens;
}

/** A token at the beginning of a text; undefined for white space and comments. */
interface Found {
  readonly token: Token | undefined;
  readonly length: number;
}

type Groups = readonly (string | undefined)[];
/** Makes a token from a match; undefined for white space and comments. */
type Make = (groups: Groups) => Token | undefined;

const number = "(0[xX][0-9a-fA-F]+|\\d+)";

/** An amount after @: only a decimal number may have a suffix such as k or M. */
const amount = "(0[xX][0-9a-fA-F]+|[1-9]\\d*_?[bkmgtpesBKMGTPES](?!\\w)|\\d+)";

const rules: readonly (readonly [pattern: RegExp, make: Make])[] = [
  [/\s+|#[^\n]*/y, () => undefined],
  [/\(/y, () => ({ kind: "open" })],
  [/\)/y, () => ({ kind: "close" })],
  [new RegExp(number, "y"), ([digits = ""]) => ({ kind: "bytes", bytes: Uint8Array.of(parseByte(digits)) })],
  [
    /([lb]e)(16|32|64):(\w+)/y,
    ([order = "", bits, digits = ""]) => ({ kind: "bytes", bytes: wordBytes(order, Number(bits), digits) }),
  ],
  [/base64:([\w+/=]*)/y, ([text = ""]) => ({ kind: "bytes", bytes: parseBase64(text) })],
  [/"([^"\\]*(?:\\[\s\S][^"\\]*)*)"/y, ([inside = ""]) => ({ kind: "bytes", bytes: stringBytes(inside) })],
  [new RegExp(`@${amount}`, "y"), ([text = ""]) => seek("to", text)],
  [new RegExp(`@\\+\\s*${amount}`, "y"), ([text = ""]) => seek("forward", text)],
  [new RegExp(`@-\\s*${amount}`, "y"), ([text = ""]) => seek("back", text)],
  [new RegExp(`@\\^\\s*${amount}`, "y"), ([text = ""]) => seek("align", text)],
  [/<([^*[()\s][^*[)\s]*)/y, ([path = ""]) => ({ kind: "file", text: path })],
  [/->\s*\\([\w-]+)/y, ([name = ""]) => ({ kind: "assign", name: name })],
  [/\\([\w-]+)/y, ([name = ""]) => ({ kind: "name", name: name })],
  [/\$([A-Za-z_]\w*)/y, ([name = ""]) => ({ kind: "variable", name: name })],
  [new RegExp(`\\*\\s*${number}`, "y"), ([count = ""]) => ({ kind: "repeat", count: parseNumber(count) })],
  [
    new RegExp(`\\[\\s*${number}?:\\s*${number}?\\]`, "y"),
    ([from, to]) => ({
      kind: "slice",
      from: from === undefined ? 0n : parseNumber(from),
      to: to === undefined ? undefined : parseNumber(to),
    }),
  ],
];

function matchAt(text: string, at: number): Found | undefined {
  for (const [pattern, make] of rules) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) return { token: make(match.slice(1)), length: match[0].length };
  }
  return undefined;
}

/** Reads <(SCRIPT) up to the matching parenthesis. The script may contain balanced parentheses. */
function scriptAt(text: string, at: number): Found | undefined {
  if (!text.startsWith("<(", at)) return undefined;
  let depth = 0;
  for (let end = at + 2; end < text.length; end++) {
    if (text[end] === "(") depth++;
    if (text[end] === ")" && depth-- === 0)
      return { token: { kind: "script", text: text.slice(at + 2, end) }, length: end + 1 - at };
  }
  return undefined;
}

function seek(how: Seek["how"], text: string): Seek {
  const amount = /^[1-9]\d*\D/.test(text) ? parseSize(text) : parseNumber(text);
  const seek = { kind: "seek", how, amount } as const;
  if (how !== "align" || seek.amount > 0n) return seek;
  throw new NbdError("EINVAL", "data parameter @^0 must be a power of 2, or any other number from 1");
}

/** The error message for each first character of a token that cannot be parsed. */
const beginnings: Readonly<Record<string, string>> = {
  '"': "unterminated string",
  "<": "<FILE not a filename, or <(SCRIPT) not closed",
  "*": "*N not numeric",
  "[": "[N:M] not numeric",
  "@": "@ is followed by a number, +, - or ^",
  $: "$ is followed by the name of a variable",
  "\\": "\\ is followed by a name",
  "-": "-> is followed by a \\NAME",
  l: "expected le16:, le32: or le64: and a number",
  b: "expected be16:, be32: or be64: and a number, or base64: and base64",
};

/** The error for text that is no token. The offset is in bytes, as other tools count it. */
function unexpected(text: string, at: number): NbdError {
  const offset = Buffer.byteLength(text.slice(0, at));
  const what = beginnings[text.charAt(at)] ?? `nothing begins with ${JSON.stringify(text.charAt(at))}`;
  return new NbdError("EINVAL", `data parameter: parsing error at offset ${offset}: ${what}`);
}
