import { codeOf, messageOf, NbdError } from "../../../core/errors.ts";
import type { CommandContext } from "../command.ts";
import type { CopyOptions } from "./copy-options.ts";
import { type Destination, isStream, type Source, type Stream } from "./endpoint.ts";
import { openDestination, openSource } from "./open.ts";
import { sourceJobs, streamJobs } from "./plan.ts";
import { type ProgressDisplay, progressTo } from "./progress-display.ts";
import { CopyState } from "./state.ts";
import { workThrough } from "./work.ts";
import { Writer } from "./writer.ts";

/**
 * Copies a source to a destination, which must be at least as large as the source.
 * @throws NbdError the first error; the message also says what the destination contains
 */
export async function copy(
  from: string,
  to: string,
  options: CopyOptions,
  reportWhenInterrupted: CommandContext["reportWhenInterrupted"],
): Promise<void> {
  let state: CopyState | undefined;
  reportWhenInterrupted((signal) => {
    const described = state?.describe();
    return described && `interrupted by ${signal}: ${described}`;
  });
  const source = await openSource(from);
  let destination: Destination | undefined;
  try {
    destination = await openDestination(to, from);
    state = new CopyState(destination, isStream(source) ? undefined : source.size);
    await copyBetween(source, destination, options, state);
  } catch (error) {
    source.destroy();
    destination?.destroy();
    throw withState(error, state);
  }
}

function withState(error: unknown, state: CopyState | undefined): NbdError {
  const described = state?.describe();
  const message = `${messageOf(error)}${described === undefined ? "" : `; ${described}`}`;
  return new NbdError(codeOf(error), message, { cause: error });
}

async function copyBetween(
  source: Source | Stream,
  destination: Destination,
  options: CopyOptions,
  state: CopyState,
): Promise<void> {
  const size = isStream(source) ? undefined : source.size;
  requireRoom(size, destination);
  const connections = isStream(source) ? 1 : await openConnections(source, destination, options.connections);
  state.begins();
  await destination.prepare(size);

  const progress = progressTo(size === undefined ? undefined : options.progress);
  const end = await copyContents(source, destination, connections, options, state, progress);
  state.written();
  if (options.flush) await destination.flush();
  await destination.finish(end);
  if (!isStream(source)) await source.close();
  progress.show(1n, 1n);
  await progress.shown();
}

/** @returns the size of the copied data in bytes */
async function copyContents(
  source: Source | Stream,
  destination: Destination,
  connections: number,
  options: CopyOptions,
  state: CopyState,
  progress: ProgressDisplay,
): Promise<bigint> {
  const size = isStream(source) ? undefined : source.size;
  const writer = new Writer(destination, options, (bytes) => {
    state.done += bytes;
    progress.show(state.done, size ?? 0n);
  });
  const blocks = isStream(source)
    ? destination.minimumBlock
    : Math.max(source.minimumBlock, destination.minimumBlock);
  const requestBytes = Math.max(options.requestBytes, blocks);
  const jobs = isStream(source)
    ? streamJobs(source, requestBytes)
    : sourceJobs(source, options.extents, requestBytes, blocks);
  const inFlight = Math.max(1, Math.min(options.requests, Math.floor(options.queueBytes / requestBytes)));
  const concurrency = { connections, workers: connections * inFlight, ordered: destination.sequential };
  await workThrough(jobs, source, writer, concurrency);
  return writer.end;
}

function requireRoom(size: bigint | undefined, destination: Destination): void {
  if (size !== undefined && destination.size !== undefined && destination.size < size) {
    const numbers = `${destination.size} bytes are fewer than ${size}`;
    throw new NbdError("ENOSPC", `destination size is smaller than source size: ${numbers}`);
  }
}

async function openConnections(source: Source, destination: Destination, wanted: number): Promise<number> {
  const connections = Math.min(source.connectionsMax, destination.connectionsMax, wanted);
  await source.openConnections(connections);
  await destination.openConnections(connections);
  return connections;
}
