import type { MessagePort } from "node:worker_threads";
import type { Handle, TransferableHandle } from "../contract/handle.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { Progress } from "../core/progress.ts";
import { ServedExport } from "../served/served-export.ts";
import { sharedAbort } from "../served/shared-abort.ts";
import { NativeSocket } from "../transport/native-socket.ts";
import type { Part, Receiver } from "../transport/transport.ts";
import { hasGone } from "./client.ts";
import type { FromLoop, MovedConnection, ToLoop } from "./loop-protocol.ts";
import { Transmission } from "./transmission.ts";

/** Makes a handle again from what `transferable` said of it in another thread. */
export type OpenTransferable = (transferable: TransferableHandle) => Promise<Handle>;

/**
 * The life of a thread that carries connections: the same engine again, on a loop of its own.
 * @param shared the server's progress
 */
export function runLoop(
  port: MessagePort,
  openTransferable: OpenTransferable,
  shared: SharedArrayBuffer,
): void {
  const progress = new Progress(shared);
  const connections = new Map<number, CarriedConnection>();
  const say = (message: FromLoop): void => port.postMessage(message);
  port.on("message", (message: ToLoop) => {
    const { id } = message;
    if (message.kind === "carry") {
      const log = logTo(say, id, message.connection.verbose);
      void carry(message.connection, id, log).then(() => {
        connections.delete(id);
        say({ kind: "finished", id });
      });
    } else {
      // It may have finished while the message was on its way.
      connections.get(id)?.[message.kind]();
    }
  });
  say({ kind: "ready" });

  /** One that cannot be carried costs no other. */
  async function carry(moved: MovedConnection, id: number, log: Log): Promise<void> {
    try {
      const connection = new CarriedConnection(moved, progress, log);
      connections.set(id, connection);
      await connection.run(openTransferable);
    } catch (error) {
      log.error(messageOf(error));
    }
  }
}

function logTo(say: (message: FromLoop) => void, id: number, verbose: boolean): Log {
  return {
    verbose,
    error: (message) => say({ kind: "error", id, message }),
    debug: (message) => verbose && say({ kind: "debug", id, message }),
  };
}

/** A connection that came from another thread, until the client leaves or the server stops. */
class CarriedConnection implements Receiver {
  readonly #moved: MovedConnection;
  readonly #progress: Progress;
  readonly #log: Log;
  readonly #socket: NativeSocket;
  readonly #gone = sharedAbort();
  #transmission: Transmission | undefined;
  #idle!: () => void;
  #closed!: () => void;

  constructor(moved: MovedConnection, progress: Progress, log: Log) {
    this.#moved = moved;
    this.#progress = progress;
    this.#log = log;
    this.#socket = new NativeSocket(moved.fd, moved.peer, "elsewhere");
  }

  /** Resolves when everything of it has been released; never rejects. */
  async run(openTransferable: OpenTransferable): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#closed = resolve;
    });
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    try {
      const handle = await openTransferable(this.#moved.handle);
      if (!this.#socket.isOpen) return;
      this.#begin(new ServedExport(handle, this.#moved.readOnly, this.#gone.signal));
      await Promise.all([closed, idle]);
      await handle.close?.();
    } catch (error) {
      this.#log.error(messageOf(error));
      this.#socket.destroy();
    }
  }

  close(): void {
    // Before it has begun, there is nothing to answer.
    if (this.#transmission === undefined) this.#socket.destroy();
    else this.#transmission.close();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  received(bytes: Buffer): void {
    this.#transmission!.received(bytes);
  }

  missing(): Part | undefined {
    return this.#transmission!.missing();
  }

  filled(bytes: number): void {
    this.#transmission!.filled(bytes);
  }

  taken(): void {
    this.#progress.made();
  }

  drained(): void {
    this.#transmission!.drained();
  }

  ended(): void {
    this.#transmission!.ended();
  }

  closed(error?: Error): void {
    if (error !== undefined) this.#log.debug(`connection lost: ${messageOf(error)}`);
    hasGone(this.#gone);
    this.#transmission!.close();
    this.#closed();
  }

  #begin(exported: ServedExport): void {
    const { replyForm, contexts, requestsInFlight, rest } = this.#moved;
    this.#transmission = new Transmission(
      this.#socket,
      { exported, replyForm, contexts, log: this.#log, gone: this.#gone.signal },
      { requestsInFlight },
      {
        left: () => hasGone(this.#gone),
        answered: () => this.#progress.made(),
        idle: () => {
          this.#socket.end();
          this.#idle();
        },
        broken: (error) => {
          this.#log.error(messageOf(error));
          this.#socket.destroy();
        },
      },
    );
    this.#socket.start(this);
    this.#transmission.received(Buffer.from(rest));
  }
}
