import { NbdError } from "./errors.ts";
import { type Kind, said } from "./kinds.ts";
import { nearest } from "./nearest.ts";

// Members of objects that come from plugins, filters and programs. What is misspelt would have no effect, silently.

/** Every member that an object may have, and what it may be. A member that is undefined is left out. */
export type Shape<T = Readonly<Record<string, unknown>>> = Readonly<Record<keyof T & string, Kind>>;

/** What an object may have beside what its shape knows: nothing, or what its author keeps in it. */
export type Own = "nothing" | "state";

/**
 * What is wrong with the members of an object, for a message.
 *
 * Names that begin with `_`, `#` and symbols are their author's. All else has to be known, except
 * - values other than functions, where there may be state (`own`);
 * - all members of an instance of a class, which has helpers and may inherit from others.
 * Of these, one that nearly has the name and is of the kind of a member that is missing is taken for that member, misspelt.
 * @param noun what a member is called: "option"
 */
export function memberFault(value: object, shape: Shape, noun: string, own: Own): string | undefined {
  const names = Object.keys(shape);
  const unknown = namesOf(value).find(
    (name) => !Object.hasOwn(shape, name) && isFault(value, name, shape, own),
  );
  if (unknown !== undefined) return `unknown ${noun} "${unknown}": ${hint(unknown, names)}`;
  const wrong = names.find((name) => {
    const member = memberOf(value, name);
    return member !== undefined && !shape[name]!.accepts(member);
  });
  return (
    wrong && `the ${noun} "${wrong}" must be ${shape[wrong]!.name}, and is ${said(memberOf(value, wrong))}`
  );
}

/**
 * Checks options that a program gives to one of our functions.
 * @param where the function, for messages: "serve"
 * @param required members that must be there
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
  const missing = required.find((name) => memberOf(options, name) === undefined);
  const fault =
    memberFault(options, shape, "option", "nothing") ??
    (missing === undefined
      ? undefined
      : `the option "${missing}" is missing: it must be ${shape[missing]!.name}`);
  if (fault !== undefined) throw new NbdError("EINVAL", `${where}: ${fault}`);
}

/** Checks a value. @throws NbdError EINVAL */
export function checkKind(where: string, value: unknown, kind: Kind): void {
  if (!kind.accepts(value))
    throw new NbdError("EINVAL", `${where} must be ${kind.name}, and is ${said(value)}`);
}

/** Whether the object was made by `{}`, or by nothing. Objects of other realms count too. */
export function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isFault(value: object, name: string, shape: Shape, own: Own): boolean {
  if (/^[_#]/.test(name)) return false;
  const plain = isPlain(value);
  if (plain && own === "nothing") return true;
  if (plain && typeof memberOf(value, name) === "function") return true;
  const meant = nearest(name, Object.keys(shape), 1);
  if (meant === undefined || memberOf(value, meant) !== undefined) return false;
  return shape[meant]!.accepts(memberOf(value, name));
}

function hint(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined ? `known are ${known.join(", ")}` : `did you mean "${meant}"?`;
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
