import { NbdError } from "../core/errors.ts";
import { parseSize } from "../core/size.ts";
import { parseBoolean, parseDelay, parseInteger, parseProbability } from "../core/values.ts";
import { readPassword } from "./password.ts";
import { absolutePath } from "./path.ts";

/** One key=value of the command line: how its text becomes a value, and what --help says about it. */
export interface Parameter<Value = unknown> {
  /**
   * @param before the value so far, where the key is given again; what is returned takes its place
   * @throws with a line for the user
   */
  parse(text: string, key: string, before?: Value): Value;
  /** The word for the value in --help and errors: SIZE, FILENAME. */
  readonly placeholder: string;
  readonly help: string;
  /** Without it the server does not start. */
  readonly required?: boolean;
  readonly default?: Value;
  /** Other keys for the same value, for callers that have always used them; --help does not show them. */
  readonly aliases?: readonly string[];
}

export type Parameters = Readonly<Record<string, Parameter>>;

/** The values as a plugin receives them: what is neither required nor has a default may be absent. */
export type Values<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends { required: true } | { default: unknown }
    ? ValueOf<P[K]>
    : ValueOf<P[K]> | undefined;
};

type ValueOf<P> = P extends Parameter<infer Value> ? Value : never;

interface Options<Value> {
  readonly help: string;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly default?: Value;
  readonly aliases?: readonly string[];
}

type Declared<Value, O> = Parameter<Value> & Pick<O, keyof O & ("required" | "default")>;

function declare<Value, O extends Options<Value>>(
  parse: Parameter<Value>["parse"],
  placeholder: string,
  options: O,
): Declared<Value, O> {
  return { parse, placeholder, ...options };
}

/** Bytes, with nbdkit's suffixes: 512, 10M, 1G. */
export function size<const O extends Options<bigint>>(options: O): Declared<bigint, O> {
  return declare(parseSize, "SIZE", options);
}

export function boolean<const O extends Options<boolean>>(options: O): Declared<boolean, O> {
  return declare(parseBoolean, "BOOL", options);
}

/** A whole number within a range, which is part of the declaration. */
export function integer<const O extends Options<number>>(
  options: O & { readonly min: number; readonly max: number },
): Declared<number, O> {
  return declare((text, key) => parseInteger(key, text, options.min, options.max), "N", options);
}

/** ms, from "1.5", "2s", "120ms", "10us". */
export function delay<const O extends Options<number>>(options: O): Declared<number, O> {
  return declare((text, key) => parseDelay(key, text), "DELAY", options);
}

/** 0 and up, from "0.1", "10%", "1:10", "1/10". */
export function probability<const O extends Options<number>>(options: O): Declared<number, O> {
  return declare((text, key) => parseProbability(key, text), "PROBABILITY", options);
}

export function text<const O extends Options<string>>(options: O): Declared<string, O> {
  return declare((value) => value, "TEXT", options);
}

/** The absolute path of a file that need not exist, since the server may change to another folder (nbdkit_absolute_path(3)). */
export function path<const O extends Options<string>>(options: O): Declared<string, O> {
  return declare(absolutePath, "FILENAME", options);
}

/** One of a few words. */
export function choice<const Words extends readonly string[], const O extends Options<Words[number]>>(
  words: Words,
  options: O,
): Declared<Words[number], O> {
  const parse = (value: string, key: string): Words[number] => {
    if (words.includes(value)) return value;
    throw new NbdError("EINVAL", `unknown ${key} mode: ${value}: use ${words.join(", ")}`);
  };
  return declare(parse, words.join("|"), options);
}

/** What --help calls the value of a secret, and by which debug lines know one. */
export const secretPlaceholder = "PASSWORD";

/** One that may be given several times: what each of them is parsed to, in order. */
export function list<Value, const O extends Options<readonly Value[]>>(
  parse: (text: string, key: string) => Value,
  options: O,
): Declared<readonly Value[], O> {
  return declare((text, key, before = []) => [...before, parse(text, key)], "TEXT", options);
}

/**
 * A parameter that is refused when it is given again, where otherwise the last value counts.
 *
 * ```ts
 * parameters: { file: once(text({ help: "The file to serve" })) }
 * ```
 * @param refusal the line for the user; by default it names the key
 */
export function once<P extends Parameter<unknown>>(parameter: P, refusal?: (key: string) => string): P {
  const parse: Parameter<unknown>["parse"] = (text, key, before) => {
    if (before === undefined) return parameter.parse(text, key);
    throw new NbdError("EINVAL", refusal?.(key) ?? `${key} parameter appears multiple times: give it once`);
  };
  return { ...parameter, parse };
}

/** For a plugin's `catchAllKey`: what was given for keys that nobody declared. The first of each key counts. */
export function catchAll<const O extends Options<ReadonlyMap<string, string>>>(
  options: O,
): Declared<ReadonlyMap<string, string>, O> {
  return declare((text, key, before = new Map()) => new Map([[key, text], ...before]), "TEXT", options);
}

/** A secret: the word itself, `-` to ask on the terminal, `+FILE`, or `-FD` (nbdkit_read_password(3)). */
export function password<const O extends Options<string>>(options: O): Declared<string, O> {
  return declare((value, key) => readPassword(key, value), secretPlaceholder, options);
}

/** The number of an open descriptor that was inherited; 0 to 2 are ours. */
export function descriptor<const O extends Options<number>>(options: O): Declared<number, O> {
  const parse = (value: string, key: string): number => {
    const fd = parseInteger(key, value, 0, 2 ** 31 - 1);
    if (fd > 2) return fd;
    throw new NbdError(
      "EINVAL",
      "file descriptor must be > 2 because stdin, stdout and stderr are reserved for nbdkit",
    );
  };
  return declare(parse, "FILE_DESCRIPTOR", options);
}
