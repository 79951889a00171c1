import { Chain } from "../chain/chain.ts";
import type { AnyFilter, AnyPlugin } from "../chain/component.ts";
import { failOnDeadlock } from "../chain/fail-on-deadlock.ts";
import { type Log, namedLog } from "../core/log.ts";
import { findFilter, findPlugin, type Loaded, takeFilter, takePlugin } from "./find.ts";

/** A plugin and its filters, loaded and not yet configured. */
export interface Components {
  readonly plugin: Loaded<AnyPlugin>;
  /** Outermost first. */
  readonly filters: readonly Loaded<AnyFilter>[];
}

/**
 * Loads the plugins and filters that are given by name; definitions are used as they are.
 *
 * @param filters outermost first
 * @throws NbdError when a name cannot be found
 */
export async function loadComponents(
  plugin: string | AnyPlugin,
  filters: readonly (string | AnyFilter)[],
): Promise<Components> {
  const components = {
    plugin: typeof plugin === "string" ? await findPlugin(plugin) : takePlugin(plugin),
    filters: await Promise.all(
      filters.map((filter) => (typeof filter === "string" ? findFilter(filter) : takeFilter(filter))),
    ),
  };
  for (const { definition } of [components.plugin, ...components.filters])
    await failOnDeadlock(`${definition.name}'s load`, definition.load?.());
  return components;
}

/** The context that the plugins and filters of a server share. */
export interface ChainContext {
  readonly log: Log;
  /** The debug flags: NAME.FLAG -> N. */
  readonly debugFlags: ReadonlyMap<string, number>;
  /** See {@link Host.name}. */
  readonly name?: string;
  /** See {@link Host.stdioSafe}. */
  readonly stdioSafe: boolean;
  /** Stops the server; plugins call it as `host.shutdown`. */
  readonly shutdown: () => void;
}

/** Builds a chain, and sets the parameters that the plugin's name implies. */
export function buildChain(
  { plugin, filters }: Components,
  { log, name: serverName, debugFlags, stdioSafe, shutdown }: ChainContext,
): Chain {
  const hostFor = (name: string) => {
    const named = namedLog(log, name);
    return {
      verbose: log.verbose,
      // Configuration errors appear without the plugin's name, which the user may not have given.
      error: (message: string) => log.error(message),
      debug: (message: string) => named.debug(message),
      debugFlag: (flag: string) => debugFlags.get(`${name}.${flag}`) ?? 0,
      ...(serverName === undefined ? {} : { name: serverName }),
      stdioSafe,
      shutdown,
    };
  };
  const isOn = (flag: string): boolean => log.verbose && (debugFlags.get(`nbdkit.backend.${flag}`) ?? 1) > 0;
  const tracing = { controlPath: isOn("controlpath"), dataPath: isOn("datapath") };
  const builtIn = builtInOf([plugin, ...filters]);
  const chain = new Chain(
    plugin.definition,
    filters.map(({ definition }) => definition),
    hostFor,
    (step) => log.debug(step),
    tracing,
    (definition) => (builtIn.has(definition) ? "full" : "none"),
  );
  for (const [key, text] of plugin.implied ?? []) chain.configLayer(filters.length, key, text);
  return chain;
}

function builtInOf(loaded: readonly Loaded<AnyPlugin | AnyFilter>[]): ReadonlySet<AnyPlugin | AnyFilter> {
  return new Set(loaded.filter(({ builtIn }) => builtIn).map(({ definition }) => definition));
}
