import { NbdError } from "./errors.ts";
import { type Kind, said } from "./kinds.ts";
import { nearest } from "./nearest.ts";

// Members of objects that come from plugins, filters and programs. What is misspelt would have no effect, silently.

/** Every member that an object may have, and what it may be. A member that is undefined is left out. */
export type Shape<T = Readonly<Record<string, unknown>>> = Readonly<Record<keyof T & string, Kind>>;

/** What an object may have beside what its shape knows: nothing, or what its author keeps in it. */
export type Own = "nothing" | "state";

/**
 * What is wrong with the members of a handle, plugin or filter, for a message.
 *
 * Symbols, and names that begin with `_`, are their author's. All else has to be known, except
 * - values other than functions, where there may be state (`own`);
 * - all members of an instance of a class, which has helpers and may inherit from others.
 * Of these, one that nearly has the name of a member that is missing, and its type, is taken for that member, misspelt.
 */
export function memberFault(value: object, shape: Shape, own: Own): string | undefined {
  const unknown = namesOf(value).find(
    (name) => !Object.hasOwn(shape, name) && isMistake(value, name, shape, own),
  );
  return unknown === undefined ? kindFault(value, shape, "member") : unknownFault(unknown, shape, "member");
}

/** What is wrong with options: all of them have to be known. */
function optionFault(options: object, shape: Shape): string | undefined {
  // With inherited ones, as those of an AbortSignal that was given instead of options.
  for (const name in options) if (!Object.hasOwn(shape, name)) return unknownFault(name, shape, "option");
  return kindFault(options, shape, "option");
}

/**
 * Checks options that a program gives to one of our functions.
 * @param where the function, for messages: "serve"
 * @param required options that must be there
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
      `${where}: the option "${name}" is missing: it must be ${shape[name]!.name}`,
    );
  }
}

/** Checks a value. @throws NbdError EINVAL */
export function checkKind(where: string, value: unknown, kind: Kind): void {
  if (kind.accepts(value)) return;
  throw new NbdError("EINVAL", `${where} must be ${kind.name}, and is ${said(value)}`);
}

/** Whether the object was made by `{}`, or by nothing. Objects of other realms count too. */
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
    if (member !== undefined && !shape[name]!.accepts(member))
      return `the ${noun} "${name}" must be ${shape[name]!.name}, and is ${said(member)}`;
  }
  return undefined;
}

function isMistake(value: object, name: string, shape: Shape, own: Own): boolean {
  if (name.startsWith("_")) return false;
  if (isPlain(value) && (own === "nothing" || typeof memberOf(value, name) === "function")) return true;
  const meant = nearest(name, Object.keys(shape), 1);
  if (meant === undefined || memberOf(value, meant) !== undefined) return false;
  return shape[meant]!.accepts(memberOf(value, name));
}

/** With those that it inherits, but for what every object has. */
function namesOf(value: object): readonly string[] {
  const names: string[] = [];
  for (let at: object | null = value; at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.getPrototypeOf(at) === null && at !== value) break;
    names.push(...Object.getOwnPropertyNames(at).filter((name) => name !== "constructor"));
  }
  return names;
}

function memberOf(value: object, name: string): unknown {
  return (value as Readonly<Record<string, unknown>>)[name];
}
