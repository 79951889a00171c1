import { NbdError } from "../core/errors.ts";
import { type Components, loadComponents } from "../registry/assemble.ts";
import type { Invocation } from "./invocation.ts";

/**
 * Loads the plugin and the filters of the command line.
 * @throws NbdError when there is no plugin, or when the plugin or a filter cannot be found
 */
export function loadNamed(invocation: Invocation): Promise<Components> {
  requirePlugin(invocation);
  return loadComponents(invocation.plugin!, invocation.filters);
}

export function requirePlugin(invocation: Invocation): void {
  if (invocation.plugin !== undefined) return;
  throw new NbdError("EINVAL", "no plugins given on the command line: use nbdkit PLUGIN, or nbdkit --help");
}
