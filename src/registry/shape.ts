import { NbdError } from "../core/errors.ts";

export type Kind = "plugin" | "filter";

/**
 * Plugins from outside may be written without types: what could not work at all is refused before anything starts.
 * @param where it comes from, for the message
 * @throws NbdError EINVAL
 */
export function checkDefinition<Definition>(kind: Kind, value: unknown, where: string): Definition {
  if (typeof value !== "object" || value === null) {
    throw new NbdError("EINVAL", `${where} has no ${kind} as its default export`);
  }
  const fault = faultOf(kind, value as Readonly<Record<string, unknown>>);
  if (fault === undefined) return value as Definition;
  throw new NbdError("EINVAL", `${where} is no ${kind}: ${fault}`);
}

/** What either of them may have. */
const functions = [
  "load",
  "dumpPlugin",
  "configComplete",
  "getReady",
  "afterFork",
  "preconnect",
  "listExports",
  "defaultExport",
  "openNext",
  "open",
  "cleanup",
  "unload",
] as const;

function faultOf(kind: Kind, value: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof value.name !== "string" || value.name === "") return "it has no name";
  if (kind === "plugin" && value.open === undefined) return "it has no open function";
  const wrong = functions.find((key) => !["undefined", "function"].includes(typeof value[key]));
  if (wrong !== undefined) return `its ${wrong} is no function`;
  return parameterFault(value);
}

function parameterFault(value: Readonly<Record<string, unknown>>): string | undefined {
  const { parameters = {} } = value;
  if (typeof parameters !== "object" || parameters === null) return "its parameters are no object";
  const declared = Object.entries(parameters as Record<string, { readonly parse?: unknown } | null>);
  const undeclared = declared.find(([, parameter]) => typeof parameter?.parse !== "function");
  if (undeclared !== undefined)
    return `its parameter ${undeclared[0]} is not declared with size(), text() or the like`;
  const unknown = (["magicKey", "catchAllKey"] as const).find(
    (key) => value[key] !== undefined && !Object.hasOwn(parameters, String(value[key])),
  );
  return unknown && `its ${unknown} "${value[unknown]}" is none of its parameters`;
}
