// What a server and its children have cost so far, as /proc tells (Linux).
import { readProc } from "./proc.js";

// USER_HZ, which the kernel shows to programs on every architecture that Node runs on.
const ticksPerSecond = 100;

/** CPU time in seconds, and the most memory that was ever resident at a time, in KiB. */
export function usageOf(pid) {
  let [cpuSeconds, peakKib] = [0, 0];
  for (const each of treeOf(pid)) {
    const { ticks, kib } = oneProcess(each);
    cpuSeconds += ticks / ticksPerSecond;
    peakKib += kib;
  }
  return { cpuSeconds, peakKib };
}

function oneProcess(pid) {
  const stat = readProc(`${pid}/stat`);
  // The name before may hold spaces; from here on utime is field 11, then stime and those of children waited for.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const times = fields.slice(11, 15).map(Number);
  const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readProc(`${pid}/status`));
  return { ticks: times.reduce((sum, ticks) => sum + ticks, 0), kib: Number(peak?.[1] ?? 0) };
}

function treeOf(pid) {
  const children = readProc(`${pid}/task/${pid}/children`).trim();
  return [pid, ...(children === "" ? [] : children.split(" ").flatMap((child) => treeOf(Number(child))))];
}
