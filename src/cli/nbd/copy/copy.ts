import { NbdError } from "../../../core/errors.ts";
import { type Destination, isStream, type Source, type Stream } from "./endpoint.ts";
import { openDestination, openSource } from "./open.ts";
import type { CopyOptions } from "./options.ts";
import { sourceJobs, streamJobs } from "./plan.ts";
import { progressTo } from "./progress.ts";
import { workThrough } from "./work.ts";
import { Writer } from "./writer.ts";

/**
 * Copies everything from a source to a destination, which must be large enough.
 * @throws what went wrong first; the destination is then in an unknown state
 */
export async function copy(
  from: string,
  to: string,
  options: CopyOptions,
  signal: AbortSignal,
): Promise<void> {
  const source = await openSource(from, signal);
  let destination: Destination | undefined;
  const destroy = (): void => {
    source.destroy();
    destination?.destroy();
  };
  signal.addEventListener("abort", destroy);
  try {
    destination = await openDestination(to, from, signal);
    await copyBetween(source, destination, options, signal);
  } catch (error) {
    destroy();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", destroy);
  }
}

async function copyBetween(
  source: Source | Stream,
  destination: Destination,
  options: CopyOptions,
  signal: AbortSignal,
): Promise<void> {
  const size = isStream(source) ? undefined : source.size;
  requireRoom(size, destination);
  const lanes = isStream(source) ? 1 : await openLanes(source, destination, options.connections);
  await destination.prepare(size);

  const progress = progressTo(size === undefined ? undefined : options.progress);
  const writer = new Writer(destination, options, (done) => progress(done, size ?? 0n));
  const blocks = isStream(source)
    ? destination.minimumBlock
    : Math.max(source.minimumBlock, destination.minimumBlock);
  const requestBytes = Math.max(options.requestBytes, blocks);
  const jobs = isStream(source)
    ? streamJobs(source, requestBytes)
    : sourceJobs(source, options.extents, requestBytes, blocks);
  const inFlight = Math.max(1, Math.min(options.requests, Math.floor(options.queueBytes / requestBytes)));
  const crew = { lanes, workers: lanes * inFlight, ordered: destination.sequential };
  await workThrough(jobs, source, writer, crew, signal);

  if (options.flush) await destination.flush();
  await destination.finish(writer.end);
  if (!isStream(source)) await source.close();
  progress(1n, 1n);
}

function requireRoom(size: bigint | undefined, destination: Destination): void {
  if (size !== undefined && destination.size !== undefined && destination.size < size) {
    const numbers = `${destination.size} bytes are fewer than ${size}`;
    throw new NbdError("ENOSPC", `destination size is smaller than source size: ${numbers}`);
  }
}

async function openLanes(source: Source, destination: Destination, wanted: number): Promise<number> {
  const lanes = Math.min(source.lanesMax, destination.lanesMax, wanted);
  await source.openLanes(lanes);
  await destination.openLanes(lanes);
  return lanes;
}
