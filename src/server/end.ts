import type { Chain } from "../chain/chain.ts";
import type { Log } from "../core/log.ts";
import { native } from "../native/load.ts";
import { killDescendants } from "../processes/tree.ts";
import { endsOrStalls, stallMs } from "./patience.ts";
import type { Quit } from "./quit.ts";
import { statusOfSignal } from "./signals.ts";

/**
 * Has filters and plugin clean up. They may take their time, as long as nobody waits: after a signal they have to make progress,
 * and another one ends them.
 */
export async function endChain(
  chain: Chain,
  quit: Pick<Quit, "stopping" | "signalled">,
  log: Log,
): Promise<void> {
  quit.stopping(endHard);
  const ended = chain.cleanup().then(() => chain.unload());
  const signal = await Promise.race([ended, quit.signalled]);
  if (signal === undefined || (await endsOrStalls(ended, chain.progress))) return;
  log.error(`${chain.ending} made no progress for ${stallMs / 1000} seconds and was cut off`);
  endHard(signal);
}

/** Not all that was begun has ended: what is still at work goes with this process, and is not waited for. */
export function endWhatIsLeft(): void {
  killDescendants();
  // The last of those that are told, so that all others have removed what is theirs.
  process.once("exit", (status) => native().exitNow(status));
}

/** Nobody is asked any more, but sockets and temporary files are removed. */
function endHard(signal: NodeJS.Signals): never {
  endWhatIsLeft();
  process.exit(statusOfSignal(signal));
}
