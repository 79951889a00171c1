import { NbdError } from "../core/errors.ts";
import { type Components, loadComponents } from "../registry/assemble.ts";
import type { Invocation } from "./invocation.ts";

/**
 * Loads the plugin and the filters of the command line.
 * @throws NbdError when there is no plugin, or when the plugin or a filter cannot be found
 */
export function loadNamed(invocation: Invocation): Promise<Components> {
  return loadComponents(requirePlugin(invocation), invocation.filters);
}

/** @returns the name or path of the plugin. @throws NbdError when there is none */
export function requirePlugin({ plugin }: Invocation): string {
  if (plugin !== undefined) return plugin;
  throw new NbdError("EINVAL", "no plugins given on the command line: use nbdkit PLUGIN, or nbdkit --help");
}
