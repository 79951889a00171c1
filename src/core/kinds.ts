/** A type check at run time. Plugins and programs may be written in JavaScript, without type checking. */
export interface Kind {
  /** The name of the type with its article, for messages: "a string". */
  readonly name: string;
  accepts(value: unknown): boolean;
}

export const aString: Kind = ofType("a string", "string");
export const aFunction: Kind = ofType("a function", "function");
export const aBoolean: Kind = ofType("true or false", "boolean");
export const aNumber: Kind = ofType("a number", "number");
export const anObject: Kind = { name: "an object", accepts: isObject };
export const aBuffer: Kind = {
  name: "a Buffer or Uint8Array",
  accepts: isBytes,
};
export const anAbortSignal: Kind = {
  name: "an AbortSignal",
  accepts: (value) => isObject(value) && "aborted" in value && "addEventListener" in value,
};
export const aWhole: Kind = { name: "a whole number", accepts: (value) => Number.isSafeInteger(value) };
/** For values that other code checks. */
export const anything: Kind = { name: "anything", accepts: () => true };

export function aWholeNumber(min: number, max: number): Kind {
  const accepts = (value: unknown): boolean =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
  return { name: `a whole number from ${min} to ${max}`, accepts };
}

export function oneOf(...words: readonly (string | number)[]): Kind {
  return { name: words.map(said).join(" or "), accepts: (value) => words.some((word) => word === value) };
}

export function either(...kinds: readonly Kind[]): Kind {
  return {
    name: kinds.map(({ name }) => name).join(" or "),
    accepts: (value) => kinds.some((kind) => kind.accepts(value)),
  };
}

/** @param plural plural name of the members, for messages: "strings" */
export function anArrayOf(plural: string, kind: Kind): Kind {
  const accepts = (value: unknown): boolean =>
    Array.isArray(value) && value.every((one) => kind.accepts(one));
  return { name: `an array of ${plural}`, accepts };
}

/** Shows a value in a message: recognizable, and at most one line. */
export function said(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}...` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return saidArray(value);
  if (!isObject(value)) return String(value);
  if ("then" in value && typeof value.then === "function") return "a promise";
  const name = constructorOf(value);
  if (name === "" || name === "Object") return "an object";
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

function saidArray(values: readonly unknown[]): string {
  const few = values.slice(0, 3).map((value) => (Array.isArray(value) ? "an array" : said(value)));
  return `[${[...few, ...(values.length > few.length ? ["..."] : [])].join(", ")}]`;
}

function constructorOf(value: object): string {
  const { constructor: made } = value;
  return typeof made === "function" ? made.name : "";
}

function ofType(name: string, type: string): Kind {
  return { name, accepts: (value) => typeof value === type };
}

/** Accepts also the Uint8Array of another realm, as in the contexts of `node:vm`. */
function isBytes(value: unknown): boolean {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === "[object Uint8Array]";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
