import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { constants } from "node:os";
import { codeOf, messageOf, NbdError } from "../core/errors.ts";
import type { Pipe } from "../native/binding.ts";
import { native } from "../native/load.ts";
import { streamOn } from "../native/stream.ts";

/** The result of a script that has exited. */
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
  /** The bytes for the script's stdin. */
  readonly input?: Uint8Array;
  /** The most bytes that the script may print. Its stdout is closed when it prints more. */
  readonly outputMax: number;
  /** Called with the process, so that the caller can kill it. */
  started(child: ChildProcess): void;
}

/** The most bytes of stderr to keep. The rest is read and dropped. */
const errorBytesMax = 64 * 1024;

/**
 * Runs a script and waits for its end. The end is when the script has exited and no process holds its stdout
 * or stderr open. The script's stdio are pipes of the system: Node's own are sockets, and a script cannot
 * open /dev/stdout or /dev/stderr when it is a socket.
 * @throws NbdError when the script cannot run, is killed, or prints too much
 */
export async function runScript(call: Call): Promise<Ended> {
  const { child, stdin, stdout, stderr } = start(call);
  call.started(child);
  const ended = endOf(child);
  const fed = feed(stdin, call.input);
  const over = Promise.all([
    ended,
    // Closing the pipe stops the writer, the script or a child of it, with SIGPIPE.
    collect(stdout, call.outputMax, (stream) => stream.destroy()),
    collect(stderr, errorBytesMax, () => {}),
  ]);
  // Destroy stdin when stdout and stderr have ended: a process that the script left behind may hold stdin
  // open without reading from it, and then writing the input would never complete.
  const [[status, output, errors]] = await Promise.all([over.finally(() => stdin.destroy()), fed]);
  if (output.cut) throw new NbdError("EIO", `the script printed more than ${call.outputMax} bytes`);
  if (typeof status === "string") throw new NbdError("EIO", status);
  return { status, stdout: output.bytes, stderr: errors.bytes };
}

interface Started {
  readonly child: ChildProcess;
  readonly stdin: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket;
}

function start({ program, args, environment }: Call): Started {
  const [stdin, stdout, stderr] = newPipes();
  const theirs = [stdin.readEnd, stdout.writeEnd, stderr.writeEnd];
  let child: ChildProcess;
  try {
    child = spawn(program, args, { stdio: theirs, env: environment });
  } catch (error) {
    closeAll([stdin.writeEnd, stdout.readEnd, stderr.readEnd]);
    throw error;
  } finally {
    closeAll(theirs);
  }
  return {
    child,
    stdin: streamOn(stdin.writeEnd, { readable: false, writable: true }),
    stdout: streamOn(stdout.readEnd, { readable: true, writable: false }),
    stderr: streamOn(stderr.readEnd, { readable: true, writable: false }),
  };
}

function newPipes(): readonly [stdin: Pipe, stdout: Pipe, stderr: Pipe] {
  const open: number[] = [];
  const next = (): Pipe => {
    const pipe = native().createPipe();
    open.push(pipe.readEnd, pipe.writeEnd);
    return pipe;
  };
  try {
    return [next(), next(), next()];
  } catch (error) {
    closeAll(open);
    throw error;
  }
}

function closeAll(descriptors: readonly number[]): void {
  for (const fd of descriptors) native().closeDescriptor(fd);
}

/** The exit status, or the reason why there is none. */
function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`cannot run the script: ${messageOf(error)}`));
    // Node passes a signal when there is no status.
    child.once("exit", (code, signal) =>
      resolve(code ?? `script terminated by signal ${constants.signals[signal!]}`),
    );
  });
}

/**
 * Resolves when the script has read its input or has closed its stdin (EPIPE). A script may answer without
 * reading its input; only its exit status determines success.
 */
function feed(stdin: Socket, input: Uint8Array | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    stdin.once("error", (error) => {
      if (codeOf(error) !== "EPIPE") reject(error);
    });
    stdin.once("close", () => resolve());
    stdin.end(input ?? "");
  });
}

/**
 * Collects the stream's data up to `bytesMax`. The rest is dropped, and `tooMuch` is called for each further
 * chunk.
 */
function collect(
  stream: Socket,
  bytesMax: number,
  tooMuch: (stream: Socket) => void,
): Promise<{ readonly bytes: Buffer; readonly cut: boolean }> {
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
