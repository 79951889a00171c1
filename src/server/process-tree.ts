import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/**
 * Sends a signal to a process and to all that descends from it. They are stopped first, from the top down: a
 * process that is about to start another one when it is hit would otherwise leave that one behind, unseen.
 * @returns the processes that got it
 */
export function signalTree(root: number, signal: NodeJS.Signals): readonly number[] {
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
  return [...stopped];
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
export function send(pid: number, signal: NodeJS.Signals): void {
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

/** True when our process group has the terminal: Ctrl-C there reaches every process of the group by itself. */
export function hasTerminal(): boolean {
  const [group, terminalGroup] = process.platform === "linux" ? groupsFromProc() : groupsFromPs();
  return group !== undefined && group === terminalGroup;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** As ps(1) has it: T is stopped, Z is a zombie. */
  readonly state: string;
}

function listProcesses(): readonly Process[] {
  return process.platform === "linux" ? listFromProc() : listFromPs();
}

function listFromProc(): readonly Process[] {
  const found: Process[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statFields(name);
    if (fields !== undefined) found.push({ pid: Number(name), state: fields[0]!, parent: Number(fields[1]) });
  }
  return found;
}

/** The fields of /proc/PID/stat after the name, which may itself hold spaces; state, parent, group, session, tty, terminal group. */
function statFields(pid: string): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    // It ended between the listing and the look.
    return undefined;
  }
}

function groupsFromProc(): (number | undefined)[] {
  const fields = statFields("self");
  return [Number(fields?.[2]), Number(fields?.[5])];
}

function listFromPs(): readonly Process[] {
  return ps(["-A", "-o", "pid=,ppid=,stat="]).map(([pid, parent, state]) => ({
    pid: Number(pid),
    parent: Number(parent),
    state: state!,
  }));
}

function groupsFromPs(): (number | undefined)[] {
  return (ps(["-o", "pgid=,tpgid=", "-p", String(process.pid)])[0] ?? []).map(Number);
}

function ps(args: string[]): string[][] {
  const lines = execFileSync("ps", args, { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.trim() !== "").map((line) => line.trim().split(/\s+/));
}
