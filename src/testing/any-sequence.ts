import assert from "node:assert/strict";
import { messageOf } from "../core/errors.ts";
import { Model, windowsOf } from "./model.ts";
import { Random } from "./random.ts";
import type { TestServer } from "./server.ts";
import { randomSteps, runSteps, type Step, shorten } from "./steps.ts";
import type { Writes } from "./subject.ts";

/** Runs a function with a new server. */
export type WithServer = (seed: number, body: (server: TestServer) => Promise<void>) => Promise<void>;

/** The number of bytes at each end of the disk that requests use; few, so that requests overlap. */
const windowBytes = 16 * 1024;

/**
 * Tries random sequences of requests, from one client, or from several clients in turn where the disk claims
 * multiConn.
 *
 * @param seeds one seed for each sequence
 * @throws AssertionError with the shortest sequence that fails, and its seed
 */
export async function anySequence(
  withServer: WithServer,
  writes: Writes,
  seeds: readonly number[],
): Promise<void> {
  for (const seed of seeds) {
    const attempt = (steps: readonly Step[]): Promise<void> =>
      withServer(seed, (server) => run(server, writes, steps));
    const steps = randomSteps(new Random(seed));
    if (!(await fails(attempt, steps))) continue;
    const shortest = await shorten(steps, (shorter) => fails(attempt, shorter));
    const reason: unknown = await attempt(shortest).catch((error) => error);
    assert.fail(`${messageOf(reason)}, after these requests of seed ${seed}: ${JSON.stringify(shortest)}`);
  }
}

async function run(server: TestServer, writes: Writes, steps: readonly Step[]): Promise<void> {
  const first = await server.connect();
  const isShared = first.disk.canMultiConn && server.connections > 1;
  const clients = isShared ? [first, await server.connect()] : [first];
  for (const window of windowsOf(first, windowBytes))
    await runSteps(clients, await Model.of(first, window, writes), steps);
}

function fails(attempt: (steps: readonly Step[]) => Promise<void>, steps: readonly Step[]): Promise<boolean> {
  return attempt(steps).then(
    () => false,
    () => true,
  );
}
