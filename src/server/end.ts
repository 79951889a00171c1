import type { Chain } from "../chain/chain.ts";
import type { Log } from "../core/log.ts";
import { native } from "../native/load.ts";
import { killDescendants } from "../processes/tree.ts";
import type { Quit } from "./quit.ts";
import { statusOfSignal } from "./signals.ts";
import { endsOrStalls, stallMs } from "./stall.ts";

/**
 * Cleans up and unloads the filters and the plugin. Before a signal there is no time limit. After a signal
 * they have to make progress, and a second signal ends the process.
 * @param quit absent for a server in a program, which handles no signals
 */
export async function endChain(
  chain: Chain,
  quit: Pick<Quit, "stopping" | "signalled"> | undefined,
  log: Log,
): Promise<void> {
  quit?.stopping(endHard);
  const ended = chain.cleanup().then(() => chain.unload());
  if (quit === undefined) return ended;
  const signal = await Promise.race([ended, quit.signalled]);
  if (signal === undefined || (await endsOrStalls(ended, chain.progress))) return;
  log.error(`${chain.ending} made no progress for ${stallMs / 1000} seconds and was cut off`);
  endHard(signal);
}

/** At exit, kills child processes and skips the wait for threads that are still in system calls. */
export function endWhatIsLeft(): void {
  killDescendants();
  // The last "exit" listener: all others have removed their files by then.
  process.once("exit", (status) => native().exitNow(status));
}

/**
 * Ends the process without more calls to filters and plugin. Sockets and temporary files are still removed.
 */
function endHard(signal: NodeJS.Signals): never {
  endWhatIsLeft();
  process.exit(statusOfSignal(signal));
}
