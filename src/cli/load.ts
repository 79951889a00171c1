import { Chain } from "../backend/chain.ts";
import type { AnyFilter, AnyPlugin } from "../backend/component.ts";
import { NbdError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { findFilter, findPlugin, type Loaded } from "../registry/find.ts";
import { namedLog } from "../server/log.ts";
import type { Invocation } from "./invocation.ts";

/** The plugin and the filters that a command line names, loaded and not yet configured. */
export interface Components {
  readonly plugin: Loaded<AnyPlugin>;
  /** Outermost first. */
  readonly filters: readonly Loaded<AnyFilter>[];
}

/** @throws NbdError when something named cannot be found */
export async function loadComponents(invocation: Invocation): Promise<Components> {
  const plugin = await findPlugin(invocation.plugin!);
  const filters = await Promise.all(invocation.filters.map((name) => findFilter(name)));
  for (const { definition } of [plugin, ...filters]) await definition.load?.();
  return { plugin, filters };
}

/** @param shutdown what a plugin's wish to stop the server does */
export function buildChain(
  { plugin, filters }: Components,
  invocation: Invocation,
  log: Log,
  shutdown: () => void,
): Chain {
  const hostFor = (name: string) => {
    const named = namedLog(log, name);
    return {
      verbose: log.verbose,
      // Configuration errors stand alone on the terminal, without a name that the user did not give.
      error: (message: string) => log.error(message),
      debug: (message: string) => named.debug(message),
      debugFlag: (flag: string) => invocation.debugFlags.get(`${name}.${flag}`) ?? 0,
      shutdown,
    };
  };
  return new Chain(
    plugin.definition,
    filters.map(({ definition }) => definition),
    hostFor,
    (invocation.debugFlags.get("nbdkit.backend.controlpath") ?? 1) > 0
      ? (step) => log.debug(step)
      : undefined,
  );
}

export function requirePlugin(invocation: Invocation): void {
  if (invocation.plugin !== undefined) return;
  throw new NbdError("EINVAL", "no plugins given on the command line: use nbdkit PLUGIN, or nbdkit --help");
}
