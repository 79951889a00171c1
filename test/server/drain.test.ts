import { once } from "node:events";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { serve } from "../../src/api/serve.ts";
import { Chain } from "../../src/chain/chain.ts";
import { connect } from "../../src/client/index.ts";
import { defineFilter } from "../../src/filter.ts";
import { Command } from "../../src/protocol/constants.ts";
import { endChain } from "../../src/server/end.ts";
import { busySecondsMax } from "../../src/server/signals.ts";
import { stallMs } from "../../src/server/stall.ts";
import { RawClient, request } from "../helpers/raw-client.ts";
import { until } from "../helpers/until.ts";

/** Less than the stall limit: the time that passes between two steps of a test. */
const nearlyStalledMs = 0.9 * stallMs;

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A server whose reads are answered one by one, when `answer` is called. */
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

it("shutdown waits 5 seconds without progress, and kills a busy process after 5 seconds", () => {
  expect([stallMs, busySecondsMax]).toEqual([5000, 5]);
});

it("shutdown waits for a client as long as it makes progress", async () => {
  const { server, errors, waiting, answer } = await slowServer();
  const client = await connect(server.uri);
  const reads = [0n, 512n, 1024n, 1536n].map((offset) => client.read(offset, 512));
  await until("all reads", () => waiting.length === reads.length);
  const closed = server.close();
  for (const one of reads) {
    vi.advanceTimersByTime(stallMs - 1);
    answer();
    expect(await one).toHaveLength(512);
  }
  await closed;
  expect(errors).toEqual([]);
});

it("shutdown cuts off a client that makes no progress", async () => {
  const { server, errors, waiting, answer } = await slowServer();
  const client = await connect(server.uri);
  const reads = [client.read(0n, 512), client.read(512n, 512)];
  const failed = expect(reads[1]).rejects.toMatchObject({ code: "ECONNRESET" });
  await until("all reads", () => waiting.length === reads.length);
  const closed = server.close();
  answer();
  await reads[0];
  // In the first interval there was progress.
  await vi.advanceTimersByTimeAsync(2 * stallMs);
  await failed;
  expect(errors).toEqual(["1 connections did not end in time and were cut off"]);
  // Its request is still in progress.
  answer();
  await closed;
});

it("shutdown waits for a client that receives its data slowly", async () => {
  const errors: string[] = [];
  const server = await serve({
    plugin: "memory",
    parameters: { size: "32M" },
    log: { verbose: false, debug: () => {}, error: (line) => void errors.push(line) },
  });
  const { path } = server.address as { path: string };
  const client = await RawClient.ready(path);
  let received = 0;
  client.socket.removeAllListeners("data").on("data", (chunk: Buffer) => {
    received += chunk.length;
    client.socket.pause();
  });
  const bytes = 32 * 1024 * 1024;
  client.send(request({ command: Command.read, length: bytes }));
  await once(client.socket, "data");
  const closed = server.close();
  // More than the socket buffers hold.
  const step = bytes / 8;
  while (received < bytes - step) {
    vi.advanceTimersByTime(nearlyStalledMs);
    for (const before = received; received < before + step; ) await once(client.socket.resume(), "data");
  }
  client.socket.removeAllListeners("data").resume();
  await client.closed;
  await closed;
  expect(errors).toEqual([]);
});

it("shutdown waits for a filter that makes many calls for one of its own", async () => {
  const waiting: (() => void)[] = [];
  const flush = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const errors: string[] = [];
  const calls = 4;
  const filter = defineFilter({
    name: "busy",
    open: (next) => ({
      close: async () => {
        for (let call = 0; call < calls; call++) await next.flush!();
      },
    }),
  });
  const server = await serve({
    plugin: { name: "slow", open: () => ({ size: 512n, read: () => {}, flush }) },
    filters: [filter],
    log: { verbose: false, debug: () => {}, error: (line) => void errors.push(line) },
  });
  const client = await connect(server.uri);
  const closed = server.close();
  for (let call = 0; call < calls; call++) {
    await until("the next call", () => waiting.length === 1);
    vi.advanceTimersByTime(nearlyStalledMs);
    waiting.shift()!();
  }
  await closed;
  await client.closed;
  expect(errors).toEqual([]);
});

it("shutdown waits for plugin and filters as long as each of them finishes its clean-up", async () => {
  const waiting: (() => void)[] = [];
  const step = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const life = { configComplete: () => ({}), cleanup: step, unload: step };
  const host = {
    verbose: false,
    debug: () => {},
    error: () => {},
    stdioSafe: true,
    debugFlag: () => 0,
    shutdown: () => {},
  };
  const plugin = { name: "slow", open: () => ({ size: 512n, read: () => {} }), ...life };
  const chain = new Chain(plugin, [{ name: "over", ...life }], () => host);
  await chain.configComplete();
  const quit = { stopping: () => {}, signalled: Promise.resolve("SIGTERM" as const) };
  const ended = endChain(chain, quit, host);
  for (let count = 0; count < 4; count++) {
    await until("the next call", () => waiting.length === 1);
    vi.advanceTimersByTime(nearlyStalledMs);
    waiting.shift()!();
  }
  await ended;
});
