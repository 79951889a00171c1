import type { Chain } from "../chain/chain.ts";
import { NbdError } from "../core/errors.ts";

/** A parameter for a plugin or filter. */
export interface Setting {
  /** Absent for a bare value, which belongs to the plugin's magic key. */
  readonly key?: string;
  readonly value: string;
  /**
   * The only layer that receives it: an index in the filters, or their number for the plugin. Absent: the
   * outermost layer that has this key.
   */
  readonly layer?: number;
}

/** Passes the parameters to the chain (nbdkit(1), "Magic parameters"). */
export function configure(chain: Chain, settings: Iterable<Setting>): void {
  for (const { key, value, layer } of settings) {
    const name = key ?? magicKeyOf(chain, value);
    if (layer === undefined) chain.config(name, value);
    else chain.configLayer(layer, name, value);
  }
}

function magicKeyOf(chain: Chain, value: string): string {
  const { magicKey, name } = chain.plugin;
  if (magicKey !== undefined) return magicKey;
  throw new NbdError(
    "EINVAL",
    `expecting key=value on the command line but got: ${value}: ${name} takes no bare value`,
  );
}
