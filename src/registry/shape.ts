import type { Filter } from "../contract/filter.ts";
import { handleMembers } from "../contract/handle-shape.ts";
import type { Parameter } from "../contract/parameter.ts";
import type { Plugin } from "../contract/plugin.ts";
import { NbdError } from "../core/errors.ts";
import { aBoolean, aFunction, anArrayOf, anything, aString, oneOf } from "../core/kinds.ts";
import { memberFault, type Shape } from "../core/shape.ts";

export type Kind = "plugin" | "filter";

/**
 * Checks a definition before the server starts, since plugins may be written in JavaScript, without type
 * checking.
 *
 * @param where origin of the value, for the message
 * @throws NbdError EINVAL
 */
export function checkDefinition<Definition>(kind: Kind, value: unknown, where: string): Definition {
  if (typeof value !== "object" || value === null) {
    throw new NbdError("EINVAL", `${where} has no ${kind} as its default export`);
  }
  // The value comes from a module of a user. It is a definition only after this check.
  const fault = faultOf(kind, value as Readonly<Record<string, unknown>>);
  if (fault === undefined) return value as Definition;
  throw new NbdError("EINVAL", `${where} is no ${kind}: ${fault}`);
}

/** The members that both plugins and filters may have. */
const either = {
  name: aString,
  longname: aString,
  description: aString,
  version: aString,
  parameters: anything,
  debugFlags: anArrayOf("strings", aString),
  threadModel: anything,
  load: aFunction,
  dumpPlugin: aFunction,
  configComplete: aFunction,
  getReady: aFunction,
  afterFork: aFunction,
  preconnect: aFunction,
  listExports: aFunction,
  defaultExport: aFunction,
  open: aFunction,
  cleanup: aFunction,
  unload: aFunction,
};

const shapes: Readonly<{ plugin: Shape<Plugin>; filter: Shape<Filter> }> = {
  plugin: {
    ...either,
    magicKey: aString,
    catchAllKey: aString,
    provides: anArrayOf("names of members that a handle may have", oneOf(...handleMembers)),
  },
  filter: { ...either, openNext: aFunction },
};

const parameterShape: Shape<Parameter> = {
  parse: aFunction,
  placeholder: aString,
  help: aString,
  required: aBoolean,
  default: anything,
  defaultText: aString,
  format: aFunction,
  min: anything,
  max: anything,
  powerOfTwo: aBoolean,
  words: anArrayOf("strings", aString),
  accepts: aString,
  unit: aString,
  again: oneOf("refused", "added"),
  aliases: anArrayOf("strings", aString),
};

function faultOf(kind: Kind, value: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof value.name !== "string" || value.name === "") return "it has no name";
  if (kind === "plugin" && value.open === undefined) return "it has no open function";
  return memberFault(value, shapes[kind], "nothing") ?? parameterFault(value);
}

function parameterFault(value: Readonly<Record<string, unknown>>): string | undefined {
  const { parameters = {} } = value;
  if (typeof parameters !== "object" || parameters === null) return "its parameters are no object";
  const declared = Object.entries<unknown>({ ...parameters });
  const undeclared = declared.find(([, parameter]) => !isDeclared(parameter));
  if (undeclared !== undefined)
    return `its parameter ${undeclared[0]} is not declared with size(), text() or the like`;
  for (const [name, parameter] of declared) {
    const fault = isDeclared(parameter) && memberFault(parameter, parameterShape, "nothing");
    if (fault) return `its parameter ${name}: ${fault}`;
  }
  const unknown = (["magicKey", "catchAllKey"] as const).find(
    (key) => value[key] !== undefined && !Object.hasOwn(parameters, String(value[key])),
  );
  return unknown && `its ${unknown} "${value[unknown]}" is none of its parameters`;
}

function isDeclared(parameter: unknown): parameter is object {
  return typeof Object(parameter).parse === "function";
}
