import { expect, it } from "vitest";
import { ReceiveBatching } from "../../src/transport/receive-batching.ts";

const iterationsBetweenTrials = 256;

/**
 * Simulates a client: `before` bytes have arrived, and `after` bytes once the server has waited. The first
 * event-loop iteration, which only records the connection, is over.
 */
function begun(client: { before: number; after: number }): { batching: ReceiveBatching; waits: number[] } {
  const waits: number[] = [];
  const batching = new ReceiveBatching((bytes) => {
    if (bytes > 0) waits.push(bytes);
    return bytes === 0 ? client.before : client.after;
  });
  batching.wait();
  return { batching, waits };
}

function pass(batching: ReceiveBatching, iterations: number): void {
  for (let iteration = 0; iteration < iterations; iteration++) batching.wait();
}

/** The same client after its first trial. */
function tried(client: { before: number; after: number }): ReturnType<typeof begun> {
  const { batching, waits } = begun(client);
  pass(batching, iterationsBetweenTrials);
  waits.length = 0;
  return { batching, waits };
}

it("receive batching does not wait until a trial has shown that the client sends ahead", () => {
  const { batching, waits } = begun({ before: 28, after: 28 * 16 });
  pass(batching, iterationsBetweenTrials - 1);
  expect(waits).toEqual([]);
});

it("receive batching waits for half of the bytes that a client sends without waiting for replies", () => {
  const { batching, waits } = tried({ before: 28, after: 28 * 16 });
  pass(batching, 3);
  expect(waits).toEqual([28 * 8, 28 * 8, 28 * 8]);
});

it("a client with one request in flight is waited for only in the trials", () => {
  const { batching, waits } = begun({ before: 28, after: 28 });
  pass(batching, 10 * iterationsBetweenTrials);
  expect(waits).toHaveLength(10);
});

it("the next trial ends the waiting for a client that has changed to one request in flight", () => {
  const client = { before: 28, after: 28 * 16 };
  const { batching, waits } = tried(client);
  client.after = 28;
  pass(batching, iterationsBetweenTrials);
  waits.length = 0;
  pass(batching, iterationsBetweenTrials - 1);
  expect(waits).toEqual([]);
});

it("receive batching waits for at most 32 KiB", () => {
  const { batching, waits } = tried({ before: 1, after: 1024 * 1024 });
  pass(batching, 1);
  expect(waits).toEqual([32 * 1024]);
});

it("receive batching does not wait while several connections are active", () => {
  const clients = [begun({ before: 28, after: 28 * 16 }), begun({ before: 28, after: 28 * 16 })];
  for (let iteration = 0; iteration < 10 * iterationsBetweenTrials; iteration++)
    for (const { batching } of clients) batching.wait();
  expect(clients.flatMap(({ waits }) => waits)).toEqual([]);
});
