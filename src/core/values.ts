import { NbdError } from "./errors.ts";

const words = new Map<string, boolean>([
  ...["1", "true", "t", "yes", "y", "on"].map((word) => [word, true] as const),
  ...["0", "false", "f", "no", "n", "off"].map((word) => [word, false] as const),
]);

/**
 * Parses a boolean as nbdkit_parse_bool(3) does: "true", "no", "on", "0" and the like, in either case.
 *
 * @throws NbdError EINVAL
 */
export function parseBoolean(text: string): boolean {
  const value = words.get(text.toLowerCase());
  if (value === undefined) {
    throw new NbdError(
      "EINVAL",
      `could not decipher boolean (${text}): use true or false, yes or no, on or off, 1 or 0`,
    );
  }
  return value;
}

/**
 * Parses an integer as nbdkit_parse_int(3) does: decimal, 0x hexadecimal, 0b binary or 0 octal,
 * within the range.
 *
 * @param what name of the value, for the error
 * @param min smallest allowed value
 * @param max largest allowed value
 * @throws NbdError EINVAL for text that is no number, ERANGE for a number outside the range
 */
export function parseInteger(what: string, text: string, min: number, max: number): number {
  const { negative, magnitude } = parseWhole(what, text);
  const value = negative ? -Number(magnitude) : Number(magnitude);
  if (value < 0 && min >= 0) throw noNegatives(what, text);
  if (value < min || value > max) {
    throw new NbdError("ERANGE", `${what}: ${text} is out of range: use ${min} to ${max}`);
  }
  return value;
}

/**
 * Parses an integer as nbdkit_parse_uint64_t(3) does: 0 to 2^64-1, in the forms of {@link parseInteger}.
 *
 * @param what name of the value, for the error
 * @throws NbdError EINVAL for text that is no number, ERANGE for a number outside the range
 */
export function parseUnsigned64(what: string, text: string): bigint {
  const { negative, magnitude } = parseWhole(what, text);
  if (negative) throw noNegatives(what, text);
  if (magnitude < 2n ** 64n) return magnitude;
  throw new NbdError("ERANGE", `${what}: ${text} is out of range: use 0 to 2^64-1`);
}

function noNegatives(what: string, text: string): NbdError {
  return new NbdError("ERANGE", `${what}: negative numbers are not allowed: "${text}"`);
}

function parseWhole(what: string, text: string): { readonly negative: boolean; readonly magnitude: bigint } {
  const trimmed = text.trimStart();
  if (trimmed === "") throw new NbdError("EINVAL", `${what}: empty string where we expected a number`);
  const [, sign, digits] = /^([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)$/.exec(trimmed) ?? [];
  if (digits === undefined) throw new NbdError("EINVAL", `${what}: could not parse number: "${text}"`);
  const magnitude = /^0\d/.test(digits) ? parseOctal(what, digits) : BigInt(digits);
  return { negative: sign === "-", magnitude };
}

/** A range of numbers; both ends are included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/**
 * Checks that a number from a program is whole and within the range, and returns it.
 *
 * @param what name of the value, for the error
 * @throws NbdError EINVAL when it is not a whole number, ERANGE when it is outside the range
 */
export function checkWhole(what: string, value: number, range: Range): number {
  if (typeof value === "number" && !Number.isInteger(value) && Number.isFinite(value))
    throw new NbdError("EINVAL", `${what}: ${value} is no whole number: use ${range.min} to ${range.max}`);
  return checkNumber(what, value, range);
}

/** The same for numbers that may have fractions. */
export function checkNumber(what: string, value: number, { min, max }: Range): number {
  if (typeof value !== "number" || Number.isNaN(value))
    throw new NbdError("EINVAL", `${what}: expected a number from ${min} to ${max}, not ${kindOf(value)}`);
  if (value >= min && value <= max) return value;
  throw new NbdError("ERANGE", `${what}: ${value} is out of range: use ${min} to ${max}`);
}

function kindOf(value: unknown): string {
  return typeof value === "number" || value === null ? String(value) : `a ${typeof value}`;
}

function parseOctal(what: string, digits: string): bigint {
  if (/^[0-7]+$/.test(digits)) return BigInt(`0o${digits}`);
  throw new NbdError("EINVAL", `${what}: could not parse number: "${digits}": a leading 0 means octal`);
}

const delayUnitMs: Readonly<Record<string, number>> = {
  "": 1000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ns: 1e-6,
};

/**
 * Parses a delay as nbdkit_parse_delay(3) does: "1", "1.2s", "120ms", "1.2us", "1ns".
 *
 * @param what name of the value, for the error
 * @returns ms
 * @throws NbdError EINVAL
 */
export function parseDelay(what: string, text: string): number {
  const [, number, unit] =
    /^\s*((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(s|ms|us|µs|μs|ns|)$/.exec(text) ?? [];
  const ms = Number(number) * (delayUnitMs[unit ?? ""] ?? Number.NaN);
  if (Number.isFinite(ms)) return ms;
  throw new NbdError(
    "EINVAL",
    `${what}: could not parse delay "${text}": use a form such as 1.5, 2s, 120ms, 10us or 5ns`,
  );
}

/** Formats a delay so that {@link parseDelay} reads it: "60s", "2.5s", "10ms". */
export function formatDelay(delayMs: number): string {
  return delayMs > 0 && delayMs < 1000 ? `${delayMs}ms` : `${delayMs / 1000}s`;
}

/**
 * Parses a probability as nbdkit_parse_probability(3) does: "0.1", "1e-1", "10%", "1:10", "1/10". The result
 * may exceed 1.
 *
 * @param what name of the value, for the error
 * @throws NbdError EINVAL
 */
export function parseProbability(what: string, text: string): number {
  const number = "(\\d+(?:\\.\\d*)?(?:[eE][+-]?\\d+)?|\\.\\d+(?:[eE][+-]?\\d+)?)";
  const [, first, mark, second] = new RegExp(`^\\s*${number}(?:(%)|[:/]${number})?$`).exec(text) ?? [];
  const divisor = mark === "%" ? 100 : second === undefined ? 1 : Number(second);
  const value = Number(first) / divisor;
  if (Number.isFinite(value)) return value;
  throw new NbdError(
    "EINVAL",
    `${what}: could not parse probability "${text}": use a form such as 0.1, 10%, 1:10 or 1/10`,
  );
}
