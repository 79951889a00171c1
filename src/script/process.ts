import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import { messageOf, NbdError } from "../core/errors.ts";
import { native } from "../native/load.ts";

/** How a script ended. */
export interface Ended {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** One call of a script. */
export interface Call {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** For its stdin. */
  readonly input?: Uint8Array;
  /** A script that prints more is ended. Bytes. */
  readonly outputMax: number;
  /** Is given the process, so that it can be ended early. */
  started(child: ChildProcess): void;
}

/** What a script may say on stderr; the rest is read and dropped. */
const errorBytesMax = 64 * 1024;

/**
 * Runs a script to its end, which is also the end of all that holds its stdout or stderr open. Pipes are the system's
 * own, because those of Node are sockets, and /dev/stdout and /dev/stderr would not open.
 * @throws NbdError when it cannot run, is killed, prints too much, or succeeds without taking its input
 */
export async function runScript(call: Call): Promise<Ended> {
  const pipes = [native().createPipe(), native().createPipe(), native().createPipe()] as const;
  const [stdin, stdout, stderr] = pipes;
  const theirs = [stdin.readEnd, stdout.writeEnd, stderr.writeEnd];
  const input = new Socket({ fd: stdin.writeEnd, readable: false, writable: true });
  const child = spawn(call.program, call.args, { stdio: theirs, env: call.environment });
  for (const fd of theirs) closeSync(fd);
  call.started(child);
  const ended = endOf(child);
  const refused = feed(input, call.input);
  const [status, output, errors, inputRefused] = await Promise.all([
    ended,
    // Whoever goes on writing there, be it a child of the script, gets SIGPIPE.
    collect(stdout.readEnd, call.outputMax, (stream) => stream.destroy()),
    collect(stderr.readEnd, errorBytesMax, () => {}),
    refused,
  ]);
  if (output.cut) throw new NbdError("EIO", `the script printed more than ${call.outputMax} bytes`);
  if (typeof status === "string") throw new NbdError("EIO", status);
  if (status === 0 && inputRefused) {
    throw new NbdError(
      "EIO",
      "the script succeeded without reading all of its stdin, which is a mistake in it",
    );
  }
  return { status, stdout: output.bytes, stderr: errors.bytes };
}

/** The exit status, or why there is none. */
function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`cannot run the script: ${messageOf(error)}`));
    child.once("exit", (code, signal) =>
      resolve(code ?? `script terminated by signal ${constants.signals[signal!]}`),
    );
  });
}

/** @returns true when the script did not take all of it */
function feed(stdin: Socket, input: Uint8Array | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    let failed = false;
    stdin.once("error", () => {
      failed = true;
    });
    stdin.once("close", () => resolve(failed));
    stdin.end(input ?? "");
  });
}

/** What comes, up to a length; the rest is dropped, and somebody told about it. */
function collect(
  fd: number,
  bytesMax: number,
  tooMuch: (stream: Socket) => void,
): Promise<{ readonly bytes: Buffer; readonly cut: boolean }> {
  const stream = new Socket({ fd, readable: true, writable: false });
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on("data", (chunk) => {
    if (length <= bytesMax) chunks.push(chunk);
    length += chunk.length;
    if (length > bytesMax) tooMuch(stream);
  });
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.once("close", () =>
      resolve({ bytes: Buffer.concat(chunks).subarray(0, bytesMax), cut: length > bytesMax }),
    );
  });
}
