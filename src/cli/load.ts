import { NbdError } from "../core/errors.ts";
import { type Components, loadComponents } from "../registry/assemble.ts";
import type { Invocation } from "./invocation.ts";

/** What the command line names. @throws NbdError when it names no plugin, or something that cannot be found */
export function loadNamed(invocation: Invocation): Promise<Components> {
  requirePlugin(invocation);
  return loadComponents(invocation.plugin!, invocation.filters);
}

export function requirePlugin(invocation: Invocation): void {
  if (invocation.plugin !== undefined) return;
  throw new NbdError("EINVAL", "no plugins given on the command line: use nbdkit PLUGIN, or nbdkit --help");
}
