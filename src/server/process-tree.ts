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
    found = processTree(root).filter((pid) => !stopped.has(pid));
  }
  for (const pid of stopped) send(pid, signal);
  // What has been sent takes effect when they go on.
  for (const pid of stopped) send(pid, "SIGCONT");
  return [...stopped];
}

/** Sends a signal to a process that may have ended by itself, or taken on another identity (sudo): then it is not ours to end. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** A process and all that descends from it, as far as the system shows them now; parents first. */
function processTree(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const [pid, parent] of listProcesses()) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** True when our process group has the terminal: Ctrl-C there reaches every process of the group by itself. */
export function hasTerminal(): boolean {
  const [group, terminalGroup] = process.platform === "linux" ? groupsFromProc() : groupsFromPs();
  return group !== undefined && group === terminalGroup;
}

function listProcesses(): [pid: number, parent: number][] {
  return process.platform === "linux" ? listFromProc() : listFromPs();
}

function listFromProc(): [number, number][] {
  const found: [number, number][] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statFields(name);
    if (fields !== undefined) found.push([Number(name), Number(fields[1])]);
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

function listFromPs(): [number, number][] {
  return ps(["-A", "-o", "pid=,ppid="]).map(([pid, parent]) => [pid!, parent!]);
}

function groupsFromPs(): (number | undefined)[] {
  return ps(["-o", "pgid=,tpgid=", "-p", String(process.pid)])[0] ?? [];
}

function ps(args: string[]): number[][] {
  const lines = execFileSync("ps", args, { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.trim() !== "").map((line) => line.trim().split(/\s+/).map(Number));
}
