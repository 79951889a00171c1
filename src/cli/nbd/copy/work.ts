import { isStream, type Source, type Stream } from "./endpoint.ts";
import type { Job } from "./plan.ts";
import type { Writer } from "./writer.ts";

export interface Concurrency {
  /** Connections; the workers are spread over them. */
  readonly connections: number;
  readonly workers: number;
  /** Write in the order of the jobs. */
  readonly ordered: boolean;
}

/**
 * Several workers take one job after the other until none is left.
 * @throws the first failure, at once: others may still wait for a source that sends nothing
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

/** Each turn comes after the one taken before it. */
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

/** One worker's buffer, used again for each of its jobs. */
class Reader {
  readonly #source: Source | Stream;
  readonly #connection: number;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: Source | Stream, connection: number) {
    this.#source = source;
    this.#connection = connection;
  }

  /** @returns undefined for a job that has none */
  async bytesOf(job: Job): Promise<Buffer | undefined> {
    if (job.kind === "bytes") return job.bytes;
    if (job.kind === "zero" || isStream(this.#source)) return undefined;
    if (this.#buffer.length < job.length) this.#buffer = Buffer.allocUnsafe(job.length);
    const bytes = this.#buffer.subarray(0, job.length);
    await this.#source.read(bytes, job.offset, this.#connection);
    return bytes;
  }
}
