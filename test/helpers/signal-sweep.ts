import type { ChildProcess } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { nbdkit, outcomeOf } from "./run.ts";
import { Sandbox } from "./sandbox.ts";
import { until } from "./until.ts";

/** The signals that ask a server to end, and the one that would open Node's debugger. */
export const sweptSignals = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1"] as const;

/** A way to start a server. Returns the process that gets the signal. */
type Start = (sandbox: Sandbox) => ChildProcess;

const listen = ["-U", "socket", "-P", "pid"];

/** Each method takes 20 ms and has a child process, so that signals arrive during both. */
const script = `#!/bin/sh
echo "$1" >"$tmpdir/method"
sleep 0.02
case $1 in
  thread_model) echo parallel ;;
  get_size) echo 512 ;;
  config_complete | get_ready | after_fork) ;;
  *) exit 2 ;;
esac
`;

const evaluated = [
  "eval",
  "config_complete=sleep 0.02",
  "thread_model=sleep 0.02; echo parallel",
  "get_ready=sleep 0.02",
  "get_size=echo 512",
];

function scripted(sandbox: Sandbox): string[] {
  const path = sandbox.file("script", script);
  chmodSync(path, 0o755);
  return ["sh", path];
}

export const sweptModes: Readonly<Record<string, Start>> = {
  foreground: (sandbox) => sandbox.start(nbdkit, ["-f", ...listen, "null"]),
  "foreground, private socket": (sandbox) => sandbox.start(nbdkit, ["-f", "-U", "-", "-P", "pid", "null"]),
  background: (sandbox) => sandbox.start(nbdkit, [...listen, "null"], { stdio: "ignore" }),
  "--exit-with-parent": (sandbox) => sandbox.start(nbdkit, ["--exit-with-parent", ...listen, "null"]),
  "--run": (sandbox) => sandbox.start(nbdkit, ["-P", "pid", "null", "--run", "sleep 1000 & wait"]),
  "-s": (sandbox) => sandbox.start(nbdkit, ["-s", "-P", "pid", "null"], { stdio: "pipe" }),
  "sh in the foreground": (sandbox) => sandbox.start(nbdkit, ["-f", ...listen, ...scripted(sandbox)]),
  "sh in the background": (sandbox) =>
    sandbox.start(nbdkit, [...listen, ...scripted(sandbox)], { stdio: "ignore" }),
  "sh with --run": (sandbox) =>
    sandbox.start(nbdkit, ["-P", "pid", ...scripted(sandbox), "--run", "sleep 1000 & wait"]),
  "eval in the background": (sandbox) =>
    sandbox.start(nbdkit, [...listen, ...evaluated], { stdio: "ignore" }),
  "--dump-plugin": (sandbox) => sandbox.start(nbdkit, [...scripted(sandbox), "--dump-plugin"]),
};

/**
 * Starts a server, sends a signal after the given time, and expects that all processes end and no file
 * remains. A server that the signal did not reach (a copy that serves in the background by then) or may not
 * end (SIGUSR1 while Node starts) is ended by SIGTERM, and must not listen for debuggers before.
 */
export async function expectNothingLeft(
  mode: string,
  signal: NodeJS.Signals,
  delayMs: number,
): Promise<void> {
  await using sandbox = new Sandbox();
  const child = sweptModes[mode]!(sandbox);
  const outcome = outcomeOf(child);
  await setTimeout(delayMs);
  child.kill(signal);
  if (signal === "SIGUSR1") await livesOrHasEnded(sandbox, child);
  const { status } = await (signal === "SIGUSR1" ? endOf(child, outcome) : outcome);
  const usual = [
    0,
    128 + { SIGTERM: 15, SIGINT: 2, SIGQUIT: 3, SIGHUP: 1, SIGUSR1: 10 }[signal as "SIGTERM"],
    143,
  ];
  expect(usual, `status after ${signal}`).toContain(status);
  // The copy in the background serves when the process that the user started has ended with success.
  if (status === 0) for (const pid of sandbox.processes) tell(pid, "SIGTERM");
  await sandbox.empty();
  expect(readdirSync(sandbox.folder.path).filter((name) => !["pid", "script", "tmp"].includes(name))).toEqual(
    [],
  );
}

/** For a signal that was ignored: waits until the server serves, and checks its debugger. */
async function livesOrHasEnded(sandbox: Sandbox, child: ChildProcess): Promise<void> {
  await until(
    "the end or the pidfile",
    () => hasEnded(child) || existsSync(sandbox.folder.join("pid")) || undefined,
  );
  const debuggers = sandbox.processes.flatMap((pid) => listenersOf(pid));
  expect(debuggers).toEqual([]);
}

async function endOf<T>(child: ChildProcess, outcome: Promise<T>): Promise<T> {
  if (!hasEnded(child)) child.kill("SIGTERM");
  return await outcome;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has just ended.
  }
}

/** The TCP addresses on which the process listens, in the kernel's format (Linux). */
export function listenersOf(pid: number): string[] {
  try {
    const own = new Set(
      readdirSync(`/proc/${pid}/fd`).map((fd) => {
        try {
          return readlinkSync(`/proc/${pid}/fd/${fd}`);
        } catch {
          return "";
        }
      }),
    );
    return ["tcp", "tcp6"].flatMap((table) =>
      readFileSync(`/proc/${pid}/net/${table}`, "utf8")
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => fields[3] === "0A" && own.has(`socket:[${fields[9]}]`))
        .map((fields) => fields[1]!),
    );
  } catch {
    // The process has just ended.
    return [];
  }
}
