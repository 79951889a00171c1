import { listProcesses } from "../../src/processes/list.ts";

/** Whether a process runs. A zombie does not. */
export function isRunning(pid: number): boolean {
  return listProcesses().some((one) => one.pid === pid && !one.state.startsWith("Z"));
}
