import type { ChildProcess, StdioOptions } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { must } from "../core/assert.ts";
import { NbdError } from "../core/errors.ts";
import { startCopy } from "../installation/package.ts";
import { type Launch, stdioWith, stillInherited } from "./launch.ts";
import type { ReadyMessage } from "./ready.ts";
import { endBy, quitSignals, statusOfSignal } from "./signals.ts";

/** Environment variable that gives the detached copy the descriptor on which its starter waits. */
const readyVariable = "NBDKIT_NODE_READY_FD";

/** The starter's acknowledgement of the ready message. */
const acknowledgement = "+";

/** Sent by the copy when its start fails after its stderr was closed. */
interface FailedMessage {
  readonly type: "failed";
  readonly message: string;
}

let readyDescriptor: number | undefined;
let hasStderr = true;

/**
 * True in the detached copy. Call it once, before anything else: it removes the variable from the
 * environment.
 */
export function isDetachedCopy(): boolean {
  const value = process.env[readyVariable];
  delete process.env[readyVariable];
  if (value !== undefined) readyDescriptor = Number(value);
  return readyDescriptor !== undefined;
}

/**
 * Starts a detached copy of this process, because Node cannot fork. The copy uses our stdin, stdout and
 * stderr until it serves, then sends a ready message over a pipe. Signals are forwarded to the copy; a signal
 * that ends the copy also ends this process.
 * @param served called with the ready message of the copy
 * @returns the exit status of this process: 0 once clients can connect, else the status of the copy
 * @throws NbdError the reason why the copy failed, unless the copy has printed it
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
    // "close" instead of "exit": the last message may still be in the pipe when the process exits.
    copy.once("close", (code, signal) => resolve(signal === null ? (code ?? 1) : endLike(signal)));
    // A pipe that `stdio` asks for is a duplex stream, which the types of Node do not know.
    const ready = copy.stdio[fd] as Duplex;
    // The message is smaller than PIPE_BUF, so that it arrives in one piece.
    ready.once("data", (text: Buffer) => {
      const message: ReadyMessage | FailedMessage = JSON.parse(text.toString());
      if (message.type === "failed") {
        reject(new NbdError("ECANCELED", message.message));
        return;
      }
      served(message);
      ready.end(acknowledgement, () => resolve(0));
    });
  });
}

/**
 * In the detached copy: releases the working directory and the standard streams of the parent process, before
 * plugins can start processes that would inherit them.
 * @param keepStderr leaves stderr open, for debug output
 */
export function leaveTerminal(keepStderr: boolean): void {
  process.chdir("/");
  for (const fd of keepStderr ? [0, 1] : [0, 1, 2]) {
    closeSync(fd);
    // open() takes the lowest free descriptor, which is the one just closed.
    openSync("/dev/null", fd === 0 ? "r" : "w");
  }
  hasStderr = keepStderr;
}

/** In the detached copy: reports that clients can connect, and lets the starter exit. */
export function releaseStarter(message: ReadyMessage): void {
  const descriptor = must(readyDescriptor);
  writeSync(descriptor, JSON.stringify(message));
  // A starter that was just killed can still receive the message, but does not acknowledge it. Then end:
  // without the starter, no process knows of this server.
  const answer = Buffer.alloc(acknowledgement.length);
  if (readSync(descriptor, answer) === 0)
    throw new NbdError("EPIPE", "the process that started the server has ended");
  closeSync(descriptor);
  readyDescriptor = undefined;
}

/**
 * In the detached copy: sends the reason why the start failed to the starter, when stderr is closed already.
 */
export function tellFailure(message: string): void {
  if (readyDescriptor === undefined || hasStderr) return;
  const failed: FailedMessage = { type: "failed", message };
  writeSync(readyDescriptor, JSON.stringify(failed));
}

/**
 * Forwards signals to the copy until it serves, because the copy is no longer in the process group of the
 * terminal. Call it before the copy is started: then no signal ends this process alone. A signal that arrives
 * earlier is handled after the start, because JavaScript runs no handler in between.
 */
function forwardSignals(): { receiver?: ChildProcess } {
  const caught: { receiver?: ChildProcess } = {};
  for (const signal of [...quitSignals, "SIGUSR1"] as const) {
    process.on(signal, () => caught.receiver?.kill(signal));
  }
  return caught;
}

/**
 * @returns the exit status for a signal that ended the copy; quit signals end this process in the same way
 */
function endLike(signal: NodeJS.Signals): number {
  return quitSignals.includes(signal) || signal === "SIGUSR1" ? endBy(signal) : statusOfSignal(signal);
}

/**
 * The open descriptors, where the launcher did not list the inherited ones. Some are Node's own, which is
 * harmless.
 */
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
