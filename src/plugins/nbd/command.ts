import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { type ConnectOptions, connect, type TlsParameters } from "../../client/index.ts";
import { codeOf, messageOf, NbdError } from "../../core/errors.ts";
import { native } from "../../native/load.ts";
import { TemporaryFolder } from "../../native/temporary-folder.ts";
import type { Connection } from "./connection.ts";

/** A server that was told to end and has not done so within this time is killed. */
const graceMs = 5000;

/**
 * LISTEN_PID is the number of the process that reads it (sd_listen_fds(3)). Beside it somebody waits for our word that it
 * has ended: if we are killed, there is none, and a server that has not seen us yet would wait for ever. It is told again
 * while it is there, since programs that are about to begin may miss a signal (qemu-nbd does).
 */
const activate = `
(read -r word <&4 || for again in 1 2 3 4 5; do kill "$$" || break; sleep 1; done) 3<&- >/dev/null 2>&1 &
LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 4<&-`;

/**
 * Starts a server that finds a listening socket as systemd would pass it, and connects to it. It is told to end when the
 * connection is over.
 * @param words the program and its arguments
 * @throws NbdError that names the program; the signal's reason
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
    // Connected or not, nobody needs the name any more.
    folder.remove();
  }
}

/** A program that was started with a listening socket. */
class ActivatedServer {
  /** Why it ended, if it failed. */
  failure: string | undefined;
  readonly #ended: Promise<void>;
  readonly #kill: (signal: NodeJS.Signals) => void;

  constructor(words: readonly string[], path: string) {
    const listening = native().listenUnix(path);
    // Its output must not go where ours may be the client (-s).
    const child = spawn("/bin/sh", ["-c", activate, "sh", ...words], {
      stdio: ["ignore", 2, 2, listening, "pipe"],
    });
    const watcher = child.stdio[4] as Writable;
    // It may have been killed itself.
    watcher.on("error", () => {});
    // With the last copy gone, the connection is over when the server is.
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
