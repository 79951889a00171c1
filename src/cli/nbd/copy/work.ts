import { isStream, type Source, type Stream } from "./endpoint.ts";
import type { Job } from "./plan.ts";
import type { Writer } from "./writer.ts";

export interface Crew {
  /** Connections; the workers are spread over them. */
  readonly lanes: number;
  readonly workers: number;
  /** Write in the order of the jobs. */
  readonly ordered: boolean;
}

/**
 * Several workers take one job after the other until none is left.
 * @throws the first failure, which stops all of them, or the signal's reason
 */
export async function workThrough(
  jobs: AsyncGenerator<Job>,
  source: Source | Stream,
  writer: Writer,
  crew: Crew,
  signal: AbortSignal,
): Promise<void> {
  let failed: { readonly error: unknown } | undefined;
  const queue = new Turns();
  const work = async (lane: number): Promise<void> => {
    const reader = new Reader(source, lane);
    while (failed === undefined && !signal.aborted) {
      const { value: job, done } = await jobs.next();
      if (done) return;
      const turn = queue.take();
      try {
        const bytes = await reader.bytesOf(job);
        if (crew.ordered) await turn.before;
        if (failed !== undefined) return;
        if (bytes !== undefined) await writer.write(bytes, job.offset, lane);
        else if (job.kind === "zero") await writer.zero(job.offset, job.length, lane);
      } finally {
        turn.passOn();
      }
    }
  };
  const workOrStopAll = async (lane: number): Promise<void> => {
    try {
      await work(lane);
    } catch (error) {
      failed ??= { error };
      // What the others wait for must not keep them.
      source.destroy();
    }
  };
  await Promise.all(Array.from({ length: crew.workers }, (_, index) => workOrStopAll(index % crew.lanes)));
  signal.throwIfAborted();
  if (failed !== undefined) throw failed.error;
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
  readonly #lane: number;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: Source | Stream, lane: number) {
    this.#source = source;
    this.#lane = lane;
  }

  /** @returns undefined for a job that has none */
  async bytesOf(job: Job): Promise<Buffer | undefined> {
    if (job.kind === "bytes") return job.bytes;
    if (job.kind === "zero" || isStream(this.#source)) return undefined;
    if (this.#buffer.length < job.length) this.#buffer = Buffer.allocUnsafe(job.length);
    const bytes = this.#buffer.subarray(0, job.length);
    await this.#source.read(bytes, job.offset, this.#lane);
    return bytes;
  }
}
