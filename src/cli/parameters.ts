import type { Chain } from "../chain/chain.ts";
import { NbdError } from "../core/errors.ts";
import { expandFiles } from "./parameter-file.ts";

/**
 * Gives the words after the plugin's name to the chain (nbdkit(1), "Magic parameters"): key=value by its key, a bare
 * value by the plugin's magic key, and each line of the file by @PATH.
 */
export function configure(chain: Chain, parameters: readonly string[]): void {
  for (const parameter of expandFiles(parameters)) {
    // What does not look like a key is a bare value, whatever follows the "=".
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
