import type { Sandbox } from "../helpers/sandbox.ts";

/**
 * A plugin that writes each step of its life into the file `trace`, and fails in the step named by FAIL_AT.
 * In `afterFork` it runs the script in AFTER_FORK.
 */
export function tracedPlugin(sandbox: Sandbox): string {
  return sandbox.file("traced.mjs", source.replaceAll("TRACE", JSON.stringify(sandbox.folder.join("trace"))));
}

export const steps: readonly string[] = [
  "load",
  "configComplete",
  "getReady",
  "afterFork",
  "cleanup",
  "unload",
];

const source = `
import { appendFileSync } from "node:fs";
const step = (name) => {
  appendFileSync(TRACE, name + "\\n");
  if (process.env.FAIL_AT === name) throw new Error("failed at " + name);
};
export default {
  name: "traced",
  load: () => step("load"),
  configComplete: (values, host) => (step("configComplete"), host),
  getReady: () => step("getReady"),
  afterFork: (host) => {
    step("afterFork");
    new Function("host", process.env.AFTER_FORK ?? "")(host);
  },
  cleanup: () => step("cleanup"),
  unload: () => step("unload"),
  open: () => ({ size: 1024n, read: (into) => void into.fill(0) }),
};
`;
