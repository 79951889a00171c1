// Reads from /proc (Linux) what CPU time and memory a server and its children have used.
import { readProc } from "./proc.js";

// USER_HZ: 100 on every architecture that Node.js runs on.
const ticksPerSecond = 100;

/** The CPU time in seconds, and the peak resident memory in KiB. */
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
  // The process name may contain spaces. After it, utime is field 11, followed by stime and the times of
  // waited-for children.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const times = fields.slice(11, 15).map(Number);
  const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readProc(`${pid}/status`));
  return { ticks: times.reduce((sum, ticks) => sum + ticks, 0), kib: Number(peak?.[1] ?? 0) };
}

function treeOf(pid) {
  const children = readProc(`${pid}/task/${pid}/children`).trim();
  return [pid, ...(children === "" ? [] : children.split(" ").flatMap((child) => treeOf(Number(child))))];
}
