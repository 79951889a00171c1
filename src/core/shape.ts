import { must } from "./assert.ts";
import { NbdError } from "./errors.ts";
import { type Kind, said } from "./kinds.ts";
import { nearest } from "./nearest.ts";

// Checks the members of objects that come from plugins, filters and programs. A misspelt member would
// otherwise have no effect, and the author would not notice.

/** The known members of an object and their types. Undefined members count as absent. */
export type Shape<T = Readonly<Record<string, unknown>>> = Readonly<Record<keyof T & string, Kind>>;

/**
 * Whether an object may have unknown members: "nothing" refuses them, "state" allows values that its author
 * keeps there.
 */
export type Own = "nothing" | "state";

/**
 * Describes the fault in the members of a handle, plugin or filter, for a message; undefined when all are
 * right.
 *
 * Symbols and names that begin with `_` belong to the author. All other members must be known, except
 * - values other than functions, where state is allowed (`own`);
 * - all members of an instance of a class, which has helpers and may inherit from other classes. An exempt
 *   member still counts as misspelt when its name nearly equals that of a missing member and its type fits.
 */
export function memberFault(value: object, shape: Shape, own: Own): string | undefined {
  const unknown = namesOf(value).find(
    (name) => !Object.hasOwn(shape, name) && isMistake(value, name, shape, own),
  );
  return unknown === undefined ? kindFault(value, shape, "member") : unknownFault(unknown, shape, "member");
}

/** Describes the fault in an options object; all members must be known. */
function optionFault(options: object, shape: Shape): string | undefined {
  // `for...in` includes inherited members, such as those of an AbortSignal that was passed instead of
  // options.
  for (const name in options) if (!Object.hasOwn(shape, name)) return unknownFault(name, shape, "option");
  return kindFault(options, shape, "option");
}

/**
 * Checks the options that a program passes to a function of this package.
 *
 * @param where name of the function, for messages: "serve"
 * @param required options that must be present
 * @throws NbdError EINVAL with one line that names the mistake
 */
export function checkOptions(
  where: string,
  options: unknown,
  shape: Shape,
  required: readonly string[] = [],
): void {
  if (typeof options !== "object" || options === null) {
    const needed = required.length === 0 ? "" : `: it needs ${required.join(" and ")}`;
    throw new NbdError("EINVAL", `${where}: use an object with options instead of ${said(options)}${needed}`);
  }
  const fault = optionFault(options, shape);
  if (fault !== undefined) throw new NbdError("EINVAL", `${where}: ${fault}`);
  for (const name of required) {
    if (memberOf(options, name) !== undefined) continue;
    throw new NbdError(
      "EINVAL",
      `${where}: the option "${name}" is missing: it must be ${must(shape[name]).name}`,
    );
  }
}

/**
 * Checks the type of a value.
 *
 * @throws NbdError EINVAL
 */
export function checkKind(where: string, value: unknown, kind: Kind): void {
  if (kind.accepts(value)) return;
  throw new NbdError("EINVAL", `${where} must be ${kind.name}, and is ${said(value)}`);
}

/** Whether the object is a plain `{}` or has no prototype. Plain objects of other realms count too. */
export function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function unknownFault(name: string, shape: Shape, noun: string): string {
  const known = Object.keys(shape);
  const meant = nearest(name, known);
  return `unknown ${noun} "${name}": ${meant === undefined ? `known are ${known.join(", ")}` : `did you mean "${meant}"?`}`;
}

function kindFault(value: object, shape: Shape, noun: string): string | undefined {
  for (const name in shape) {
    const member = memberOf(value, name);
    const kind = must(shape[name]);
    if (member !== undefined && !kind.accepts(member))
      return `the ${noun} "${name}" must be ${kind.name}, and is ${said(member)}`;
  }
  return undefined;
}

function isMistake(value: object, name: string, shape: Shape, own: Own): boolean {
  if (name.startsWith("_")) return false;
  if (isPlain(value) && (own === "nothing" || typeof memberOf(value, name) === "function")) return true;
  const meant = nearest(name, Object.keys(shape), 1);
  if (meant === undefined || memberOf(value, meant) !== undefined) return false;
  return must(shape[meant]).accepts(memberOf(value, name));
}

/** The names of own and inherited members, without those of `Object.prototype`. */
function namesOf(value: object): readonly string[] {
  const names: string[] = [];
  for (let at: object | null = value; at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.getPrototypeOf(at) === null && at !== value) break;
    names.push(...Object.getOwnPropertyNames(at).filter((name) => name !== "constructor"));
  }
  return names;
}

function memberOf(value: object, name: string): unknown {
  return Reflect.get(value, name);
}
