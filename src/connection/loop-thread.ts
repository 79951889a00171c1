import type { Worker } from "node:worker_threads";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { startLoop } from "../installation/package.ts";
import { native } from "../native/load.ts";
import type { FromLoop, LoopData, MovedConnection, ToLoop } from "./loop-protocol.ts";

/** What the thread that gave a connection away still has to do with it. */
export interface Elsewhere {
  close(): void;
  destroy(): void;
}

export interface LoopEvents {
  /** Connections can be given to it. */
  ready(): void;
  /** It takes no more; the reason is there when it did not end by itself. */
  ended(reason: string | undefined): void;
}

interface Carried {
  readonly fd: number;
  readonly log: Log;
  finished(): void;
}

/** Another loop, as seen from the one that accepts. */
export class LoopThread {
  readonly #worker: Worker;
  readonly #carried = new Map<number, Carried>();
  #next = 0;

  constructor(data: LoopData, events: LoopEvents) {
    this.#worker = startLoop({ workerData: data });
    this.#worker.on("message", (message: FromLoop) => {
      if (message.kind === "ready") events.ready();
      else this.#heard(message);
    });
    let reason: string | undefined;
    this.#worker.on("error", (error) => {
      reason = messageOf(error);
    });
    this.#worker.on("exit", () => {
      events.ended(reason);
      this.#finishAll();
    });
    // It holds nobody back from ending: who waits for its connections waits for their sessions.
    this.#worker.unref();
  }

  /** @param finished called once, when the connection has ended */
  carry(connection: MovedConnection, log: Log, finished: () => void): Elsewhere {
    const id = this.#next++;
    this.#carried.set(id, { fd: connection.fd, log, finished });
    this.#say({ kind: "carry", id, connection });
    return {
      close: () => this.#say({ kind: "close", id }),
      destroy: () => this.#say({ kind: "destroy", id }),
    };
  }

  /** Resolves when the thread uses nothing of this one any more. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  #say(message: ToLoop): void {
    this.#worker.postMessage(message);
  }

  #heard(message: Exclude<FromLoop, { kind: "ready" }>): void {
    const carried = this.#carried.get(message.id)!;
    if (message.kind !== "finished") {
      carried.log[message.kind](message.message);
      return;
    }
    this.#finish(message.id, carried);
  }

  /** The thread has ended, and used the sockets of its connections until then. */
  #finishAll(): void {
    for (const [id, carried] of this.#carried) this.#finish(id, carried);
  }

  #finish(id: number, { fd, finished }: Carried): void {
    this.#carried.delete(id);
    native().closeDescriptor(fd);
    finished();
  }
}
