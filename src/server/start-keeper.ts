import type { Command } from "./command.ts";
import { DirectCommand } from "./direct-command.ts";
import { Guardian } from "./guardian.ts";
import type { Keeper, KeeperOptions } from "./keeper.ts";

/** The guardian (native/guardian), or this process itself on systems that have none. */
export function startKeeper(options: KeeperOptions): Keeper {
  return Guardian.start(options) ?? new NoGuardian(options);
}

class NoGuardian implements Keeper {
  readonly keepsUser = false;
  readonly #options: KeeperOptions;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  async directory(): Promise<undefined> {
    return undefined;
  }

  run(script: string): Command {
    return new DirectCommand(script, this.#options.stdio, this.#options.environment);
  }

  close(): void {}
}
