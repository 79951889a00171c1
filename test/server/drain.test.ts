import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { serve } from "../../src/api/serve.ts";
import { connect } from "../../src/client/index.ts";
import { drainStallMs } from "../../src/server/server.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A server with reads that are answered one by one, when `answer` is called. */
async function slowServer() {
  const waiting: (() => void)[] = [];
  const read = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const errors: string[] = [];
  const server = await serve({
    plugin: { name: "slow", open: () => ({ size: 4096n, read }) },
    log: { verbose: false, debug: () => {}, error: (line) => void errors.push(line) },
  });
  return { server, errors, waiting, answer: () => waiting.shift()!() };
}

it("lets a client that makes progress take as long as it needs", async () => {
  const { server, errors, waiting, answer } = await slowServer();
  const client = await connect(server.uri);
  const reads = [0n, 512n, 1024n, 1536n].map((offset) => client.read(offset, 512));
  await vi.waitUntil(() => waiting.length === reads.length);
  const closed = server.close();
  for (const one of reads) {
    vi.advanceTimersByTime(drainStallMs - 1);
    answer();
    expect(await one).toHaveLength(512);
  }
  await closed;
  expect(errors).toEqual([]);
});

it("cuts off a client that makes none", async () => {
  const { server, errors, waiting, answer } = await slowServer();
  const client = await connect(server.uri);
  const reads = [client.read(0n, 512), client.read(512n, 512)];
  const failed = expect(reads[1]).rejects.toMatchObject({ code: "ECONNRESET" });
  await vi.waitUntil(() => waiting.length === reads.length);
  const closed = server.close();
  answer();
  await reads[0];
  // The first time there was progress.
  await vi.advanceTimersByTimeAsync(2 * drainStallMs);
  await failed;
  expect(errors).toEqual(["1 connections did not end in time and were cut off"]);
  // What it asked for is still being worked on.
  answer();
  await closed;
});
