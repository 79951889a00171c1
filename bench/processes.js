// Programs that the measurements run. All of them end with the measurement, whichever way it ends.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readProc } from "./proc.js";

/** Where programs run. It costs Node tens of milliseconds where NODE_EXTRA_CA_CERTS is set. */
export const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;

// A server that has not ended so long after SIGTERM never will.
const endMsMax = 5000;
const running = new Set();

/** Runs a program to its end and gives what it printed; an error has what it complained of first. */
export async function run(program, args, cwd) {
  const child = launch(program, args, cwd);
  const { status, stdout, stderr } = await child.ended;
  if (status === 0) return stdout;
  throw new Error(`${program} failed (${status}): ${stderr.trim().split("\n")[0]}`);
}

/** Starts a program; `ended` tells how it went, and never rejects. The kernel ends it, should we be killed. */
export function launch(program, args, cwd) {
  const child = spawn("setpriv", ["--pdeathsig", "KILL", program, ...args], {
    cwd,
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const ended = new Promise((resolve) => {
    const end = (status) => resolve({ status, stdout: stdout(), stderr: stderr() });
    child.once("error", (error) => end(error.message));
    child.once("close", (status, signal) => end(status ?? signal));
  });
  track(child.pid);
  ended.then(() => running.delete(child.pid));
  return { pid: child.pid, ended };
}

/** From now on the process goes when we go; for one that put itself into the background. */
export function track(pid) {
  if (pid !== undefined) running.add(pid);
}

/** Ends a process and waits until it is gone. */
export async function end(pid) {
  signal(pid, "SIGTERM");
  for (let waitedMs = 0; isRunning(pid); waitedMs += 5) {
    if (waitedMs === endMsMax) signal(pid, "SIGKILL");
    await sleep(5);
  }
  running.delete(pid);
}

/** Ends all that still runs, at once. */
export function endAll() {
  for (const pid of running) signal(pid, "SIGKILL");
}

export function onPath(name) {
  const folders = (environment.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/** A zombie is gone too: where process 1 reaps nobody, one that was put into the background stays one. */
function isRunning(pid) {
  return /^State:\s*[^Z\s]/m.test(readProc(`${pid}/status`));
}

function collect(stream) {
  const chunks = [];
  stream.on("data", (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
