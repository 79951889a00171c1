import { NbdError } from "../core/errors.ts";
import { formatSize, parseSize, sizeMax } from "../core/size.ts";
import { formatDelay, parseBoolean, parseDelay, parseInteger, parseProbability } from "../core/values.ts";
import { type Limits, rangeText } from "./parameter-range.ts";
import { readPassword } from "./password.ts";
import { absolutePath } from "./path.ts";

/**
 * A parameter (key=value on the command line): how its text becomes a value, and its --help. The members about
 * accepted values and the default are also the source of --help and of the reference, so a range must be the
 * one that `parse` enforces.
 */
export interface Parameter<Value = unknown> {
  /**
   * Parses the text of a value.
   *
   * @param text the text after "key="
   * @param key the key that the user wrote
   * @param before the value so far, where the key is given again; the returned value replaces it
   * @throws an error whose message is one line for the user
   */
  parse(text: string, key: string, before?: Value): Value;
  /** The placeholder for the value in --help and errors, such as SIZE or FILENAME. */
  readonly placeholder: string;
  /** The line about the parameter in --help. */
  readonly help: string;
  /** The server does not start without the parameter. Default false. */
  readonly required?: boolean;
  /** The value when the user gives none. */
  readonly default?: Value;
  /** The default in words, when it is no fixed value: "the size of the data". */
  readonly defaultText?: string;
  /** Formats the default as a user would write it. Without this member: `String()`. */
  format?(value: Value): string;
  /** The smallest accepted value, or element of a list. */
  readonly min?: number | bigint;
  /** The largest accepted value, or element of a list. */
  readonly max?: number | bigint;
  /** Only powers of 2 are accepted. */
  readonly powerOfTwo?: boolean;
  /** The accepted words. */
  readonly words?: readonly string[];
  /** The accepted values in words, for what the members above do not say: "-1 or a multiple of 512". */
  readonly accepts?: string;
  /** The unit of the number that users write: "bytes". */
  readonly unit?: string;
  /** What happens when the key is given again. Default: the last value counts. */
  readonly again?: "refused" | "added";
  /** Other keys for the same value, for old command lines; --help does not show them. */
  readonly aliases?: readonly string[];
}

/** The parameters of a plugin or filter, by key. */
export type Parameters = Readonly<Record<string, Parameter>>;

/**
 * The values as a plugin or filter receives them. A value may be undefined when the parameter is not required
 * and has no default.
 */
export type Values<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends { required: true } | { default: unknown }
    ? ValueOf<P[K]>
    : ValueOf<P[K]> | undefined;
};

type ValueOf<P> = P extends Parameter<infer Value> ? Value : never;

type Options<Value> = Pick<Parameter<Value>, "help" | "required" | "default" | "defaultText" | "aliases"> &
  Partial<Pick<Parameter<Value>, "placeholder" | "accepts" | "unit">>;

type Declared<Value, O> = Parameter<Value> & Pick<O, keyof O & ("required" | "default")>;

type Kind<Value> = Omit<Parameter<Value>, "help">;

function declare<Value, O extends Options<Value>>(kind: Kind<Value>, options: O): Declared<Value, O> {
  return { ...kind, ...options };
}

interface SizeLimits extends Limits {
  readonly min?: bigint;
  readonly max?: bigint;
}

/**
 * Declares a size in bytes; users may write nbdkit's suffixes: 512, 10M, 1G. `min`, `max` and `powerOfTwo`
 * limit it.
 *
 * @param refusal returns the error message for a size outside the limits; by default the message names them
 */
export function size<const O extends Options<bigint> & SizeLimits>(
  options: O,
  refusal?: (key: string, bytes: bigint) => string,
): Declared<bigint, O> {
  const parse = (text: string, key: string): bigint => {
    const bytes = parseSize(text);
    if (isWithin(bytes, options)) return bytes;
    throw new NbdError("EINVAL", refusal?.(key, bytes) ?? `${key}=${text}: use ${rangeText(options)}`);
  };
  return declare({ parse, placeholder: "SIZE", unit: "bytes", format: formatSize }, options);
}

function isWithin(bytes: bigint, { min = 0n, max = sizeMax, powerOfTwo = false }: SizeLimits): boolean {
  return bytes >= min && bytes <= max && !(powerOfTwo && (bytes & (bytes - 1n)) !== 0n);
}

/** Declares a boolean: true or false, yes or no, on or off, 1 or 0. */
export function boolean<const O extends Options<boolean>>(options: O): Declared<boolean, O> {
  const format = (value: boolean): string => (value ? "yes" : "no");
  return declare({ parse: parseBoolean, placeholder: "BOOL", format }, options);
}

/** Declares a whole number from `min` to `max`. */
export function integer<const O extends Options<number>>(
  options: O & { readonly min: number; readonly max: number },
): Declared<number, O> {
  const parse = (text: string, key: string): number => parseInteger(key, text, options.min, options.max);
  return declare({ parse, placeholder: "N" }, options);
}

/** Declares a delay. The value is in ms; users write "1.5", "2s", "120ms" or "10us". */
export function delay<const O extends Options<number>>(options: O): Declared<number, O> {
  const parse = (text: string, key: string): number => parseDelay(key, text);
  return declare({ parse, placeholder: "DELAY", unit: "seconds", format: formatDelay }, options);
}

/** Declares a probability. The value is 0 or more; users write "0.1", "10%", "1:10" or "1/10". */
export function probability<const O extends Options<number>>(options: O): Declared<number, O> {
  const parse = (text: string, key: string): number => parseProbability(key, text);
  return declare({ parse, placeholder: "PROBABILITY" }, options);
}

/** Declares any text. */
export function text<const O extends Options<string>>(options: O): Declared<string, O> {
  return declare({ parse: (value) => value, placeholder: "TEXT" }, options);
}

/**
 * Declares the path of a file, which need not exist. The value is an absolute path, since the server may
 * change to another folder (nbdkit_absolute_path(3)).
 */
export function path<const O extends Options<string>>(options: O): Declared<string, O> {
  return declare({ parse: absolutePath, placeholder: "FILENAME" }, options);
}

/** Declares a choice of a few words. */
export function choice<const Words extends readonly string[], const O extends Options<Words[number]>>(
  words: Words,
  options: O,
): Declared<Words[number], O> {
  const parse = (value: string, key: string): Words[number] => {
    if (words.includes(value)) return value;
    throw new NbdError("EINVAL", `unknown ${key} mode: ${value}: use ${words.join(", ")}`);
  };
  return declare({ parse, placeholder: words.join("|"), words }, options);
}

/** The placeholder of secrets in --help. Debug lines recognize secret parameters by it. */
export const secretPlaceholder = "PASSWORD";

/**
 * Declares a parameter that may be given several times. The value is a list, in order.
 *
 * @param parse parses the text of each value
 */
export function list<Value, const O extends Options<readonly Value[]> & Limits>(
  parse: (text: string, key: string) => Value,
  options: O,
): Declared<readonly Value[], O> {
  const append: Parameter<readonly Value[]>["parse"] = (text, key, before = []) => [
    ...before,
    parse(text, key),
  ];
  return declare({ parse: append, placeholder: "TEXT", again: "added" }, options);
}

/**
 * Makes a parameter that may be given only once. Without `once`, the last value counts.
 *
 * ```ts
 * parameters: { file: once(text({ help: "The file to serve" })) }
 * ```
 *
 * @param refusal returns the error message for a key; by default the message names the key
 */
export function once<P extends Parameter<unknown>>(parameter: P, refusal?: (key: string) => string): P {
  const parse: Parameter<unknown>["parse"] = (text, key, before) => {
    if (before === undefined) return parameter.parse(text, key);
    throw new NbdError("EINVAL", refusal?.(key) ?? `${key} parameter appears multiple times: give it once`);
  };
  return { ...parameter, parse, again: "refused" };
}

/**
 * Declares the parameter of a plugin's `catchAllKey`: a map of the keys that no plugin or filter declares.
 * The first value of each key counts.
 */
export function catchAll<const O extends Options<ReadonlyMap<string, string>>>(
  options: O,
): Declared<ReadonlyMap<string, string>, O> {
  const add: Parameter<ReadonlyMap<string, string>>["parse"] = (text, key, before = new Map()) =>
    new Map([[key, text], ...before]);
  return declare({ parse: add, placeholder: "TEXT", again: "added" }, options);
}

/**
 * Declares a secret: the secret itself, `-` to ask on the terminal, `+FILE`, or `-FD`
 * (nbdkit_read_password(3)).
 */
export function password<const O extends Options<string>>(options: O): Declared<string, O> {
  const parse = (value: string, key: string): string => readPassword(key, value);
  return declare({ parse, placeholder: secretPlaceholder, accepts: "the secret, -, +FILE or -FD" }, options);
}

/**
 * Declares the number of an open file descriptor that the server inherits. Numbers 0 to 2 are refused: they
 * are stdin, stdout and stderr.
 */
export function descriptor<const O extends Options<number>>(options: O): Declared<number, O> {
  const [min, max] = [3, 2 ** 31 - 1];
  const parse = (value: string, key: string): number => {
    const fd = parseInteger(key, value, 0, max);
    if (fd >= min) return fd;
    throw new NbdError(
      "EINVAL",
      "file descriptor must be > 2 because stdin, stdout and stderr are reserved for nbdkit",
    );
  };
  return declare({ parse, placeholder: "FILE_DESCRIPTOR", min, max }, options);
}
