import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { statFields } from "./stat-fields.ts";

/** A process, as ps(1) lists it. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** T is stopped, Z is a zombie. */
  readonly state: string;
  /** Start time in the system's format: together with the id it identifies a process. */
  readonly started: string;
}

/** All processes that exist now. */
export function listProcesses(): readonly Process[] {
  return process.platform === "linux" ? listFromProc() : listFromPs();
}

function listFromProc(): readonly Process[] {
  const found: Process[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const { 0: state, 1: parent, 19: started } = statFields(name) ?? [];
    if (state === undefined || started === undefined) continue;
    found.push({ pid: Number(name), state, parent: Number(parent), started });
  }
  return found;
}

/** True when our process group is in the terminal's foreground: Ctrl-C then reaches all of its processes. */
export function hasTerminal(): boolean {
  const [group, terminalGroup] = process.platform === "linux" ? groupsFromProc() : groupsFromPs();
  return group !== undefined && group === terminalGroup;
}

function groupsFromProc(): (number | undefined)[] {
  const fields = statFields("self");
  return [Number(fields?.[2]), Number(fields?.[5])];
}

function listFromPs(): readonly Process[] {
  return ps(["-A", "-o", "pid=,ppid=,stat=,lstart="]).map(([pid, parent, state = "", ...started]) => ({
    pid: Number(pid),
    parent: Number(parent),
    state,
    started: started.join(" "),
  }));
}

function groupsFromPs(): (number | undefined)[] {
  return (ps(["-o", "pgid=,tpgid=", "-p", String(process.pid)])[0] ?? []).map(Number);
}

function ps(args: string[]): string[][] {
  const lines = execFileSync("ps", args, { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.trim() !== "").map((line) => line.trim().split(/\s+/));
}
