import { listProcesses, type Process } from "./list.ts";

/**
 * Sends a signal to a process and all of its descendants. It stops them first, parents before children: a
 * process that is killed while it starts a child would leave that child behind, without a parent to find it
 * by.
 * @returns the processes that were signalled
 */
export function signalTree(root: number, signal: NodeJS.Signals): readonly Process[] {
  const stopped = new Set<number>();
  for (let found = [root]; found.length > 0; ) {
    for (const pid of found) {
      send(pid, "SIGSTOP");
      stopped.add(pid);
    }
    found = descendants(root, listWhenStopped(stopped)).filter((pid) => !stopped.has(pid));
  }
  for (const pid of stopped) send(pid, signal);
  // A stopped process handles the signal only after SIGCONT.
  for (const pid of stopped) send(pid, "SIGCONT");
  return listProcesses().filter(({ pid }) => stopped.has(pid));
}

/** Children that end by themselves, with all that they started, when this process has ended. */
const guardians = new Set<number>();

/** {@link killDescendants} leaves this child alone: it still has to clean up after this process. */
export function spareGuardian(pid: number): void {
  guardians.add(pid);
}

/** Kills all descendants of this process at once, except guardians and what they started. */
export function killDescendants(): void {
  const children = listProcesses().filter(({ pid, parent }) => parent === process.pid && !guardians.has(pid));
  for (const { pid } of children) signalTree(pid, "SIGKILL");
}

/** False for a process of another user. */
export function maySignal(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !failedWith(error, ["EPERM"]);
  }
}

/** Sends a signal to the processes that still run. */
export function signalSurvivors(signalled: readonly Process[], signal: NodeJS.Signals): void {
  if (signalled.length === 0) return;
  const running = listProcesses();
  for (const { pid, started } of signalled) {
    // Compare the start time too: the system may have reused the process id.
    if (running.some((one) => one.pid === pid && one.started === started)) send(pid, signal);
  }
}

/**
 * Wait in ms for processes to stop; a running process may still start a child. Later, it is in a system call
 * for good.
 */
const stopWaitMs = 200;

/** Lists all processes, once the given ones have stopped. */
function listWhenStopped(stopped: ReadonlySet<number>): readonly Process[] {
  const end = performance.now() + stopWaitMs;
  for (;;) {
    const processes = listProcesses();
    const running = processes.some(({ pid, state }) => stopped.has(pid) && !/^[TtZX]/.test(state));
    // List again: the first listing may have missed children that were started before their parents stopped.
    if (!running || performance.now() > end) return listProcesses();
    // Block for 1 ms: this process has nothing else to do, and stopping takes microseconds.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

/** Sends a signal. Ignores a process that has ended (ESRCH) or runs as another user (EPERM, sudo). */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!failedWith(error, ["ESRCH", "EPERM"])) throw error;
  }
}

/** Asks for no class: in the contexts of `node:vm`, Node's errors are not `instanceof Error`. */
function failedWith(error: unknown, codes: readonly string[]): boolean {
  return typeof error === "object" && error !== null && "code" in error && codes.includes(String(error.code));
}

/** The ids of all descendants of a process. */
function descendants(root: number, processes: readonly Process[]): readonly number[] {
  const tree = [root];
  for (const parent of tree)
    tree.push(...processes.filter((one) => one.parent === parent).map(({ pid }) => pid));
  return tree.slice(1);
}
