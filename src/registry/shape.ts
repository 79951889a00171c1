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
  "open",
  "cleanup",
  "unload",
] as const;

function faultOf(kind: Kind, value: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof value.name !== "string" || value.name === "") return "it has no name";
  if (kind === "plugin" && value.open === undefined) return "it has no open function";
  const wrong = functions.find((key) => !["undefined", "function"].includes(typeof value[key]));
  if (wrong !== undefined) return `its ${wrong} is no function`;
  const parameters = Object.entries((value.parameters ?? {}) as Record<string, { readonly parse?: unknown }>);
  const undeclared = parameters.find(([, parameter]) => typeof parameter?.parse !== "function");
  return undeclared === undefined
    ? undefined
    : `its parameter ${undeclared[0]} is not declared with size(), text() or the like`;
}
