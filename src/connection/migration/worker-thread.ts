import type { Worker } from "node:worker_threads";
import { must } from "../../core/assert.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { startWorker } from "../../installation/package.ts";
import { native } from "../../native/load.ts";
import type { FromWorker, MigratedConnection, ToWorker, WorkerData } from "./messages.ts";

/** A migrated connection, as the main thread controls it. */
export interface WorkerConnection {
  /** Takes no further request, answers those in flight, then closes. */
  close(): void;
  /** Closes without answering. */
  destroy(): void;
}

/** Events of a {@link WorkerThread}. */
export interface WorkerEvents {
  /** The worker thread accepts connections. */
  ready(): void;
  /** The worker thread has ended. The reason is undefined unless an error ended the thread. */
  ended(reason: string | undefined): void;
}

interface OpenConnection {
  readonly fd: number;
  readonly log: Log;
  finished(): void;
}

/** A worker thread that serves migrated connections, as the main thread sees it. */
export class WorkerThread {
  readonly #worker: Worker;
  readonly #connections = new Map<number, OpenConnection>();
  #next = 0;

  constructor(data: WorkerData, events: WorkerEvents) {
    this.#worker = startWorker({ workerData: data });
    this.#worker.on("message", (message: FromWorker) => {
      if (message.kind === "ready") events.ready();
      else this.#receive(message);
    });
    let reason: string | undefined;
    this.#worker.on("error", (error) => {
      reason = messageOf(error);
    });
    this.#worker.on("exit", () => {
      events.ended(reason);
      this.#finishAll();
    });
    // unref: an idle worker thread must not keep the process alive. The server waits for the sessions
    // instead.
    this.#worker.unref();
  }

  /** @param finished is called once, when the connection has ended */
  migrate(connection: MigratedConnection, log: Log, finished: () => void): WorkerConnection {
    const id = this.#next++;
    this.#connections.set(id, { fd: connection.fd, log, finished });
    this.#send({ kind: "migrate", id, connection });
    return {
      close: () => this.#send({ kind: "close", id }),
      destroy: () => this.#send({ kind: "destroy", id }),
    };
  }

  /** Resolves when the thread has ended and uses no memory and no descriptor of the main thread any more. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: Exclude<FromWorker, { kind: "ready" }>): void {
    const connection = must(this.#connections.get(message.id));
    if (message.kind !== "finished") {
      connection.log[message.kind](message.message);
      return;
    }
    this.#finish(message.id, connection);
  }

  /** Closes the sockets when the thread has ended. Until then the thread may use them. */
  #finishAll(): void {
    for (const [id, connection] of this.#connections) this.#finish(id, connection);
  }

  #finish(id: number, { fd, finished }: OpenConnection): void {
    this.#connections.delete(id);
    native().closeDescriptor(fd);
    finished();
  }
}
