import { availableParallelism } from "node:os";
import { must } from "../../core/assert.ts";
import type { Log } from "../../core/log.ts";
import type { Progress } from "../../core/progress.ts";
import type { WorkerData } from "./messages.ts";
import { WorkerThread } from "./worker-thread.ts";

/** More threads share the memory bandwidth and do not add to it. */
const workersMax = 8;

/** A connection that can migrate to a worker thread. */
export interface Migratable {
  /** Migrates as soon as no request of the connection is in flight. */
  migrateTo(thread: WorkerThread): void;
}

/**
 * Decides which thread serves a connection. A single connection stays on the main thread, because starting a
 * worker thread takes longer than most clients run. Several connections are distributed over as many threads
 * as there are processors.
 */
export class Placement {
  readonly #data: WorkerData;
  readonly #log: Log;
  /** The connections that the main thread, which accepts clients, serves. */
  readonly #main = new Set<Migratable>();
  /** The connections of each worker thread. */
  readonly #workers = new Map<WorkerThread, Set<Migratable>>();
  #starting: WorkerThread | undefined;

  /** @param busyPollUs of the worker threads, in microseconds */
  constructor(busyPollUs: number, progress: Progress, log: Log) {
    this.#data = { busyPollUs, progress: progress.shared };
    this.#log = log;
  }

  /** Adds a connection that starts its transmission phase on the main thread. */
  add(connection: Migratable): void {
    this.#main.add(connection);
    if (this.#main.size < 2) return;
    this.#spread();
    if (this.#main.size > 1 && this.#starting === undefined && this.#workers.size < threadsWanted() - 1)
      this.#start();
  }

  /** Removes a connection that has ended, on any thread. */
  remove(connection: Migratable): void {
    this.#main.delete(connection);
    for (const connections of this.#workers.values()) connections.delete(connection);
  }

  /**
   * Resolves when all worker threads have ended. Resources that their connections use may be released only
   * after this.
   */
  async stop(): Promise<void> {
    const threads = [...this.#workers.keys(), ...(this.#starting === undefined ? [] : [this.#starting])];
    await Promise.all(threads.map((thread) => thread.stop()));
  }

  /** Migrates connections until no worker thread has fewer connections than the main thread. */
  #spread(): void {
    for (;;) {
      const least = [...this.#workers].sort(([, one], [, other]) => one.size - other.size)[0];
      if (least === undefined || this.#main.size <= least[1].size + 1) return;
      const [thread, connections] = least;
      const connection = must([...this.#main].at(-1));
      this.#main.delete(connection);
      connections.add(connection);
      connection.migrateTo(thread);
    }
  }

  #start(): void {
    const thread: WorkerThread = new WorkerThread(this.#data, {
      ready: () => {
        this.#starting = undefined;
        this.#workers.set(thread, new Set());
        this.#spread();
      },
      ended: (reason) => {
        this.#workers.delete(thread);
        if (reason !== undefined) this.#log.error(`a worker thread has ended: ${reason}`);
      },
    });
    this.#starting = thread;
  }
}

function threadsWanted(): number {
  return Math.min(availableParallelism(), workersMax);
}
