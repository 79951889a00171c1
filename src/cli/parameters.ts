import type { Chain } from "../chain/chain.ts";
import { NbdError } from "../core/errors.ts";
import { expandFiles } from "./parameter-file.ts";

/**
 * Passes the words after the plugin's name to the chain (nbdkit(1), "Magic parameters"): key=value under its
 * key, a bare value under the plugin's magic key, and for @PATH each line of the file.
 */
export function configure(chain: Chain, parameters: readonly string[]): void {
  for (const parameter of expandFiles(parameters)) {
    // A word without a valid key before "=" is a bare value.
    const [, key, value] = /^([A-Za-z][A-Za-z0-9._-]*)=(.*)$/s.exec(parameter) ?? [];
    if (key !== undefined && value !== undefined) chain.config(key, value);
    else chain.config(magicKeyOf(chain, parameter), parameter);
  }
}

function magicKeyOf(chain: Chain, parameter: string): string {
  const { magicKey, name } = chain.plugin;
  if (magicKey !== undefined) return magicKey;
  throw new NbdError(
    "EINVAL",
    `expecting key=value on the command line but got: ${parameter}: ${name} takes no bare value`,
  );
}
