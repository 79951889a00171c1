import { availableParallelism } from "node:os";
import type { Log } from "../core/log.ts";
import type { Progress } from "../core/progress.ts";
import type { LoopData } from "./loop-protocol.ts";
import { LoopThread } from "./loop-thread.ts";

/** Threads beyond this share memory bandwidth rather than add to it. */
const loopsMax = 8;

/** A connection that can go on on any loop. */
export interface Movable {
  /** Goes on there as soon as nothing of it is under way here. */
  moveTo(loop: LoopThread): void;
}

/**
 * Decides which loop a connection lives on. One connection stays on the loop that accepted it, as a thread takes longer to
 * start than most clients take to finish; several are spread over as many loops as there are processors.
 */
export class Placement {
  readonly #data: LoopData;
  readonly #log: Log;
  /** The connections of each loop; the first is the one that accepts. */
  readonly #here = new Set<Movable>();
  readonly #there = new Map<LoopThread, Set<Movable>>();
  #starting: LoopThread | undefined;

  /** @param busyPollUs for the other loops */
  constructor(busyPollUs: number, progress: Progress, log: Log) {
    this.#data = { busyPollUs, progress: progress.shared };
    this.#log = log;
  }

  /** A connection begins to take requests here. */
  add(connection: Movable): void {
    this.#here.add(connection);
    if (this.#here.size < 2) return;
    this.#spread();
    if (this.#here.size > 1 && this.#starting === undefined && this.#there.size < loopsWanted() - 1)
      this.#start();
  }

  /** It has ended, wherever it was. */
  remove(connection: Movable): void {
    this.#here.delete(connection);
    for (const connections of this.#there.values()) connections.delete(connection);
  }

  /** Resolves when all other threads have ended. Only then may what their connections use be released. */
  async stop(): Promise<void> {
    const loops = [...this.#there.keys(), ...(this.#starting === undefined ? [] : [this.#starting])];
    await Promise.all(loops.map((loop) => loop.stop()));
  }

  /** Moves connections away until no other loop has fewer. */
  #spread(): void {
    for (;;) {
      const least = [...this.#there].sort(([, one], [, other]) => one.size - other.size)[0];
      if (least === undefined || this.#here.size <= least[1].size + 1) return;
      const [loop, connections] = least;
      const connection = [...this.#here].at(-1)!;
      this.#here.delete(connection);
      connections.add(connection);
      connection.moveTo(loop);
    }
  }

  #start(): void {
    const loop: LoopThread = new LoopThread(this.#data, {
      ready: () => {
        this.#starting = undefined;
        this.#there.set(loop, new Set());
        this.#spread();
      },
      ended: (reason) => {
        this.#there.delete(loop);
        if (reason !== undefined) this.#log.error(`a thread has ended: ${reason}`);
      },
    });
    this.#starting = loop;
  }
}

function loopsWanted(): number {
  return Math.min(availableParallelism(), loopsMax);
}
