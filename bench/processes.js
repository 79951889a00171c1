// Runs the programs of the measurements. All of them end when the measurement ends, also when it fails.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readProc } from "./proc.js";

/** The environment of the programs. NODE_EXTRA_CA_CERTS would cost Node.js tens of milliseconds. */
export const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;

// A server that has not ended this long after SIGTERM will never end.
const endMsMax = 5000;
const running = new Set();

/**
 * Runs a program to its end and returns its output. On failure the error contains the first line of stderr.
 */
export async function run(program, args, cwd) {
  const child = launch(program, args, cwd);
  const { status, stdout, stderr } = await child.ended;
  if (status === 0) return stdout;
  throw new Error(`${program} failed (${status}): ${stderr.trim().split("\n")[0]}`);
}

/**
 * Starts a program. `ended` resolves to its result and never rejects. The kernel ends the program if we are
 * killed.
 */
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

/** Ends a process when this one ends. For a process that has put itself into the background. */
export function track(pid) {
  if (pid !== undefined) running.add(pid);
}

/** Ends a process and waits for its end. */
export async function end(pid) {
  signal(pid, "SIGTERM");
  for (let waitedMs = 0; isRunning(pid); waitedMs += 5) {
    if (waitedMs === endMsMax) signal(pid, "SIGKILL");
    await sleep(5);
  }
  running.delete(pid);
}

/** Kills all processes that are still running. */
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

/** A zombie counts as ended: a background process stays a zombie if process 1 does not reap orphans. */
function isRunning(pid) {
  return /^State:\s*[^Z\s]/m.test(readProc(`${pid}/status`));
}

function collect(stream) {
  const chunks = [];
  stream.on("data", (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
