import type { MessagePort } from "node:worker_threads";
import type { Handle, TransferableHandle } from "../../contract/handle.ts";
import { deferred } from "../../core/deferred.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { Progress } from "../../core/progress.ts";
import { ServedExport } from "../../served/served-export.ts";
import { sharedAbort } from "../../served/shared-abort.ts";
import { NativeSocket } from "../../transport/native-socket.ts";
import { clientDisconnected } from "../client-info.ts";
import { Transmission } from "../transmission.ts";
import type { FromWorker, MigratedConnection, ToWorker } from "./messages.ts";

/** Opens a handle from the plain data that `transferable` of the original handle returned. */
export type OpenTransferable = (transferable: TransferableHandle) => Promise<Handle>;

/**
 * Serves migrated connections in a worker thread, with the same code as the main thread.
 * @param shared memory of the progress counter of the server
 */
export function runWorker(
  port: MessagePort,
  openTransferable: OpenTransferable,
  shared: SharedArrayBuffer,
): void {
  const progress = new Progress(shared);
  const connections = new Map<number, WorkerSession>();
  const send = (message: FromWorker): void => port.postMessage(message);
  port.on("message", (message: ToWorker) => {
    const { id } = message;
    if (message.kind === "migrate") {
      const log = logTo(send, id, message.connection.verbose);
      void serve(message.connection, id, log).then(() => {
        connections.delete(id);
        send({ kind: "finished", id });
      });
    } else {
      // The connection may have ended while the message was in transit.
      connections.get(id)?.[message.kind]();
    }
  });
  send({ kind: "ready" });

  /** Catches the failure of one connection, which must not end the others. */
  async function serve(migrated: MigratedConnection, id: number, log: Log): Promise<void> {
    try {
      const connection = new WorkerSession(migrated, progress, log);
      connections.set(id, connection);
      await connection.run(openTransferable);
    } catch (error) {
      log.error(messageOf(error));
    }
  }
}

function logTo(send: (message: FromWorker) => void, id: number, verbose: boolean): Log {
  return {
    verbose,
    error: (message) => send({ kind: "error", id, message }),
    debug: (message) => verbose && send({ kind: "debug", id, message }),
  };
}

/** Serves one migrated connection until the client disconnects or the server stops. */
class WorkerSession {
  readonly #migrated: MigratedConnection;
  readonly #progress: Progress;
  readonly #log: Log;
  readonly #socket: NativeSocket;
  readonly #gone = sharedAbort();
  #transmission: Transmission | undefined;
  readonly #idle = deferred();
  readonly #closed = deferred();

  constructor(migrated: MigratedConnection, progress: Progress, log: Log) {
    this.#migrated = migrated;
    this.#progress = progress;
    this.#log = log;
    this.#socket = new NativeSocket(migrated.fd, migrated.peer, "other-thread");
  }

  /** Resolves when all resources of the connection have been released. It never rejects. */
  async run(openTransferable: OpenTransferable): Promise<void> {
    try {
      const handle = await openTransferable(this.#migrated.handle);
      // The handle needs no close: its descriptor and its memory belong to the main thread.
      if (!this.#socket.isOpen) return;
      this.#begin(new ServedExport(handle, this.#migrated.readOnly, this.#gone.signal));
      await Promise.all([this.#closed.promise, this.#idle.promise]);
      await handle.close?.();
    } catch (error) {
      this.#log.error(messageOf(error));
      this.#socket.destroy();
    }
  }

  close(): void {
    // Before the transmission starts there is no request to answer.
    if (this.#transmission === undefined) this.#socket.destroy();
    else this.#transmission.close();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #begin(exported: ServedExport): void {
    const { replyForm, contexts, requestsInFlight, rest } = this.#migrated;
    this.#transmission = new Transmission(
      this.#socket,
      { exported, replyForm, contexts, log: this.#log, gone: this.#gone.signal },
      { requestsInFlight },
      {
        disconnected: () => clientDisconnected(this.#gone),
        progressed: () => this.#progress.made(),
        idle: () => {
          this.#socket.end();
          this.#idle.resolve();
        },
        broken: (error) => {
          this.#log.error(messageOf(error));
          this.#socket.destroy();
        },
        closed: (error) => {
          if (error !== undefined) this.#log.debug(`connection lost: ${messageOf(error)}`);
          clientDisconnected(this.#gone);
          this.#closed.resolve();
        },
      },
    );
    this.#transmission.start(Buffer.from(rest));
  }
}
