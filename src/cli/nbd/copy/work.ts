import { isStream, type Source, type Stream } from "./endpoint.ts";
import type { Job } from "./plan.ts";
import type { Writer } from "./writer.ts";

export interface Concurrency {
  /** The number of connections; the workers are distributed over the connections. */
  readonly connections: number;
  readonly workers: number;
  /** Write in the order of the jobs, for destinations that are written sequentially. */
  readonly ordered: boolean;
}

/**
 * Runs all jobs with several workers. Each worker takes the next job when it has finished one. Workers read
 * in parallel. If `ordered`, a worker writes only after all workers with earlier jobs have written.
 * @throws the first failure, at once: does not wait for the other workers, which may wait for a source that
 * sends nothing
 */
export async function workThrough(
  jobs: AsyncGenerator<Job>,
  source: Source | Stream,
  writer: Writer,
  concurrency: Concurrency,
): Promise<void> {
  let failed = false;
  const queue = new Turns();
  const work = async (connection: number): Promise<void> => {
    const reader = new Reader(source, connection);
    while (!failed) {
      const { value: job, done } = await jobs.next();
      if (done) return;
      const turn = queue.take();
      try {
        const bytes = await reader.bytesOf(job);
        if (concurrency.ordered) await turn.before;
        if (failed) return;
        if (bytes !== undefined) await writer.write(bytes, job.offset, connection);
        else if (job.kind === "zero") await writer.zero(job.offset, job.length, connection);
      } finally {
        turn.passOn();
      }
    }
  };
  try {
    await Promise.all(
      Array.from({ length: concurrency.workers }, (_, index) => work(index % concurrency.connections)),
    );
  } finally {
    failed = true;
  }
}

/** A queue of turns: `before` resolves when the turn taken before it has been passed on. */
class Turns {
  #last: Promise<void> = Promise.resolve();

  take(): { readonly before: Promise<void>; readonly passOn: () => void } {
    const before = this.#last;
    let passOn = (): void => {};
    this.#last = new Promise((resolve) => {
      passOn = resolve;
    });
    return { before, passOn };
  }
}

/**
 * Reads the bytes of a job. Each worker has one reader, which reuses its buffer for all jobs of the worker.
 */
class Reader {
  readonly #source: Source | Stream;
  readonly #connection: number;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: Source | Stream, connection: number) {
    this.#source = source;
    this.#connection = connection;
  }

  /** @returns undefined for a job without bytes (zeroes) */
  async bytesOf(job: Job): Promise<Buffer | undefined> {
    if (job.kind === "bytes") return job.bytes;
    if (job.kind === "zero" || isStream(this.#source)) return undefined;
    if (this.#buffer.length < job.length) this.#buffer = Buffer.allocUnsafe(job.length);
    const bytes = this.#buffer.subarray(0, job.length);
    await this.#source.read(bytes, job.offset, this.#connection);
    return bytes;
  }
}
