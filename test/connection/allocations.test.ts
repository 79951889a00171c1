import { spawn } from "node:child_process";
import { once } from "node:events";
import { type HeapProfiler, Session } from "node:inspector/promises";
import { describe, expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";

const batches = 1_500;
const requests = batches * 16;

/**
 * What one turn of the loop allocates, however many requests it answers, is below this where it answers several. An
 * object that every request has, with a BigInt or two, or a view of a buffer, is above it.
 */
const bytesPerRequestMax = 60;

const batchClient = new URL("../helpers/batch-client.mjs", import.meta.url).pathname;

/** The requests come from another process: this one's allocations are all the server's. */
async function sendBatches(path: string, command: string): Promise<void> {
  const args = [batchClient, path, command, String(batches)];
  const [code] = await once(
    spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] }),
    "exit",
  );
  expect(code).toBe(0);
}

/** Bytes of all objects that come into being meanwhile, also of those that are collected at once. */
async function allocatedBytes(work: () => Promise<void>): Promise<number> {
  const session = new Session();
  session.connect();
  await session.post("HeapProfiler.startSampling", {
    samplingInterval: 512,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  await work();
  const { profile } = await session.post("HeapProfiler.stopSampling");
  session.disconnect();
  return sumOf(profile.head);
}

function sumOf({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number {
  return children.reduce((sum, child) => sum + sumOf(child), selfSize);
}

describe("requests that are answered at once", () => {
  it.each(["read", "write"])("leave nothing for the garbage collector: %s", async (command) => {
    await using server = await serve({ plugin: "memory", parameters: { size: "1M" } });
    const { path } = server.address as { path: string };
    // Blocks that hold something.
    await sendBatches(path, "write");
    // The compilers allocate too.
    await sendBatches(path, command);
    expect((await allocatedBytes(() => sendBatches(path, command))) / requests).toBeLessThan(
      bytesPerRequestMax,
    );
  });
});
