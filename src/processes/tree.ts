import { listProcesses, type Process } from "./list.ts";

/**
 * Sends a signal to a process and to all that descends from it. They are stopped first, from the top down: a
 * process that is about to start another one when it is hit would otherwise leave that one behind, unseen.
 * @returns the processes that got it
 */
export function signalTree(root: number, signal: NodeJS.Signals): readonly Process[] {
  const stopped = new Set<number>();
  for (let found = [root]; found.length > 0; ) {
    for (const pid of found) {
      send(pid, "SIGSTOP");
      stopped.add(pid);
    }
    found = descendants(root, settled(stopped)).filter((pid) => !stopped.has(pid));
  }
  for (const pid of stopped) send(pid, signal);
  // What has been sent takes effect when they go on.
  for (const pid of stopped) send(pid, "SIGCONT");
  return listProcesses().filter(({ pid }) => stopped.has(pid));
}

/** Ends all that descends from this process, at once. */
export function killDescendants(): void {
  for (const { pid, parent } of listProcesses()) if (parent === process.pid) signalTree(pid, "SIGKILL");
}

/** False for a process of somebody else. */
export function maySignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EPERM";
  }
}

/** Sends a signal to those of the processes that still run. */
export function signalSurvivors(told: readonly Process[], signal: NodeJS.Signals): void {
  if (told.length === 0) return;
  const running = listProcesses();
  for (const { pid, started } of told) {
    // A process id alone may belong to somebody else by now.
    if (running.some((one) => one.pid === pid && one.started === started)) send(pid, signal);
  }
}

/** A process takes a moment to stop, and may start another one in it; one that does not stop in this time never will. */
const stopWaitMs = 200;

/** What runs on this system once all of these have stopped. */
function settled(stopped: ReadonlySet<number>): readonly Process[] {
  const end = performance.now() + stopWaitMs;
  for (;;) {
    const processes = listProcesses();
    const running = processes.some(({ pid, state }) => stopped.has(pid) && !/^[TtZX]/.test(state));
    // A listing takes time too: one that saw them stop may have missed what they started just before.
    if (!running || performance.now() > end) return listProcesses();
    // The process has nothing else to do now, and what it waits for takes microseconds.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

/** Sends a signal to a process that may have ended by itself, or taken on another identity (sudo): then it is not ours to end. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** All that descends from a process. */
function descendants(root: number, processes: readonly Process[]): readonly number[] {
  const tree = [root];
  for (const parent of tree)
    tree.push(...processes.filter((one) => one.parent === parent).map(({ pid }) => pid));
  return tree.slice(1);
}
