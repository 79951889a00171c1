import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A process and all that descends from it, as far as the system shows them now; parents first. */
export function processTree(root: number): readonly number[] {
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
