/*
 * Runs the server of command= with socket activation (sd_listen_fds(3)).
 *
 * The server gets a listening socket as descriptor 3, and LISTEN_PID must be the process id of the server
 * itself. So a shell sets LISTEN_PID to its own id and then executes the server. Before that, the shell
 * starts a watcher in the background. The watcher reads from a pipe of this process, which this process holds
 * open. A word on the pipe means that the server has exited. The end of the pipe without a word means that
 * this process was killed; the watcher then sends SIGTERM to the server, which otherwise waits forever for a
 * connection. The watcher repeats the signal while the server exists, because a program that is still
 * starting may miss it (qemu-nbd does).
 */

import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { type ConnectOptions, connect, type TlsParameters } from "../../client/index.ts";
import { codeOf, messageOf, NbdError } from "../../core/errors.ts";
import { native } from "../../native/load.ts";
import { TemporaryFolder } from "../../native/temporary-folder.ts";
import type { Connection } from "./connection.ts";

/** The time in ms from SIGTERM until SIGKILL. */
const graceMs = 5000;

/** The shell script that starts the watcher and then executes the server. */
const activate = `
(read -r word <&4 || for again in 1 2 3 4 5; do kill "$$" || break; sleep 1; done) 3<&- >/dev/null 2>&1 &
LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 4<&-`;

/**
 * Starts a server with a listening socket, as systemd does, and connects to it. The server gets SIGTERM when
 * the connection is closed.
 * @param words the program and its arguments
 * @throws NbdError that names the program; the reason of the signal when it is aborted
 */
export async function connectToCommand(
  words: readonly string[],
  tls: TlsParameters | undefined,
  options: ConnectOptions,
): Promise<Connection> {
  const folder = new TemporaryFolder();
  try {
    const path = join(folder.path, "socket");
    const server = new ActivatedServer(words, path);
    try {
      const client = await connect({ target: { kind: "unix", path }, ...(tls && { tls }) }, options);
      return { client, finished: client.closed.then(() => server.stop()) };
    } catch (error) {
      await server.stop();
      if (options.signal?.aborted) throw error;
      const reason = server.failure ?? messageOf(error);
      throw new NbdError(codeOf(error), `command=${words[0]}: ${reason}`, { cause: error, retold: true });
    }
  } finally {
    // Remove the socket file: only one connection is made, and it exists now or has failed.
    folder.remove();
  }
}

/** A program that was started with a listening socket. */
class ActivatedServer {
  /** The reason of a failure; undefined while the server runs and after a successful exit. */
  failure: string | undefined;
  readonly #ended: Promise<void>;
  readonly #kill: (signal: NodeJS.Signals) => void;

  constructor(words: readonly string[], path: string) {
    const listening = native().listenUnix(path);
    // Send the server's stdout to stderr: with -s, stdout is the connection to the client.
    const child = spawn("/bin/sh", ["-c", activate, "sh", ...words], {
      stdio: ["ignore", 2, 2, listening, "pipe"],
    });
    // The types of Node know the standard streams only; "pipe" makes the fifth one a stream to write to.
    const watcher = child.stdio[4] as Writable;
    // Ignore EPIPE: the watcher may have been killed.
    watcher.on("error", () => {});
    // Close this process's copy of the socket: when the server exits, the last copy is closed and a
    // connection fails.
    native().closeDescriptor(listening);
    this.#kill = (signal) => void child.kill(signal);
    this.#ended = new Promise((resolve) => {
      child.once("error", (error) => {
        this.failure = messageOf(error);
        resolve();
      });
      child.once("exit", (status) => {
        if (status !== null && status > 0) this.failure = `it ended with status ${status}`;
        watcher.end("ended\n");
        resolve();
      });
    });
  }

  async stop(): Promise<void> {
    this.#kill("SIGTERM");
    const timer = setTimeout(() => this.#kill("SIGKILL"), graceMs);
    await this.#ended;
    clearTimeout(timer);
  }
}
