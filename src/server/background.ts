import type { ChildProcess, StdioOptions } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { NbdError } from "../core/errors.ts";
import { startCopy } from "../installation/package.ts";
import { type Launch, stdioWith, stillInherited } from "./launch.ts";
import type { ReadyMessage } from "./ready.ts";
import { endBy, quitSignals, statusOfSignal } from "./signals.ts";

/** Tells the detached copy which descriptor its starter waits on. */
const readyVariable = "NBDKIT_NODE_READY_FD";

/** The answer to the message that the copy is ready. */
const heard = "+";

/** What the copy says when it does not become ready, and its stderr is nobody's any more. */
interface FailedMessage {
  readonly type: "failed";
  readonly message: string;
}

let readyDescriptor: number | undefined;
let hasStderr = true;

/** True in the detached copy. Call it once, first of all: it takes the variable out of the environment. */
export function isDetachedCopy(): boolean {
  const value = process.env[readyVariable];
  delete process.env[readyVariable];
  if (value !== undefined) readyDescriptor = Number(value);
  return readyDescriptor !== undefined;
}

/**
 * Node cannot fork, so going to the background means to start a detached copy of ourselves, which does everything
 * up to serving with our stdin, stdout and stderr and then says so over a pipe.
 * @param served is told what the copy says then
 * A signal meanwhile is the copy's; one that ends the copy ends this process too.
 * @returns the exit status of this process: 0 once clients can connect, else the copy's
 * @throws NbdError what kept the copy from becoming ready, unless it has said so itself
 */
export function startDetachedCopy(launch: Launch, served: (message: ReadyMessage) => void): Promise<number> {
  const stdio: StdioOptions = stdioWith(
    launch.inherited === undefined ? openDescriptors() : stillInherited(launch),
  );
  const fd = stdio.push("pipe") - 1;
  const caught = forwardSignals();
  const copy = startCopy({
    detached: true,
    stdio,
    env: { ...process.env, [readyVariable]: String(fd) },
  });
  caught.receiver = copy;
  return new Promise((resolve, reject) => {
    copy.once("error", reject);
    // Not when it exits, as its last word may still be on the way.
    copy.once("close", (code, signal) => resolve(signal === null ? (code ?? 1) : endLike(signal)));
    const ready = copy.stdio[fd] as Duplex;
    // A message of this size arrives as a whole.
    ready.once("data", (text: Buffer) => {
      const message: ReadyMessage | FailedMessage = JSON.parse(text.toString());
      if (message.type === "failed") {
        reject(new NbdError("ECANCELED", message.message));
        return;
      }
      served(message);
      ready.end(heard, () => resolve(0));
    });
  });
}

/**
 * In the detached copy: gives up what belongs to whoever started us, so that what plugins start from here on does not
 * have it either.
 * @param keepStderr somebody wants to read there
 */
export function leaveTerminal(keepStderr: boolean): void {
  process.chdir("/");
  for (const fd of keepStderr ? [0, 1] : [0, 1, 2]) {
    closeSync(fd);
    // The lowest free number is taken, which is the one just closed.
    openSync("/dev/null", fd === 0 ? "r" : "w");
  }
  hasStderr = keepStderr;
}

/** In the detached copy: clients can connect. Releases whoever started us. */
export function releaseStarter(message: ReadyMessage): void {
  writeSync(readyDescriptor!, JSON.stringify(message));
  // Whoever was killed a moment ago still takes the message, but cannot answer, and nobody would know of us.
  const answer = Buffer.alloc(heard.length);
  if (readSync(readyDescriptor!, answer) === 0)
    throw new NbdError("EPIPE", "whoever started the server has gone");
  closeSync(readyDescriptor!);
  readyDescriptor = undefined;
}

/** In the detached copy: what keeps us from becoming ready, where whoever started us cannot see it on stderr. */
export function tellFailure(message: string): void {
  if (readyDescriptor === undefined || hasStderr) return;
  const failed: FailedMessage = { type: "failed", message };
  writeSync(readyDescriptor, JSON.stringify(failed));
}

/**
 * Until the copy serves, Ctrl-C here is meant for both; it has left the terminal's group. Called before the copy is there,
 * so that no signal ends this process alone; one of them runs no JavaScript until the copy has been started.
 */
function forwardSignals(): { receiver?: ChildProcess } {
  const caught: { receiver?: ChildProcess } = {};
  for (const signal of [...quitSignals, "SIGUSR1"] as const) {
    process.on(signal, () => caught.receiver?.kill(signal));
  }
  return caught;
}

/** @returns the status for a signal that nobody sends to ask a process to end: it was the copy's defect, or SIGKILL */
function endLike(signal: NodeJS.Signals): number {
  return quitSignals.includes(signal) || signal === "SIGUSR1" ? endBy(signal) : statusOfSignal(signal);
}

/** Where nobody noted what we were given, some of these are Node's own; the copy does not mind them. */
function openDescriptors(): readonly number[] {
  return Array.from({ length: 64 }, (_, fd) => fd).filter(isOpen);
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}
