import { spawn } from "node:child_process";
import { once } from "node:events";
import { type HeapProfiler, Session } from "node:inspector/promises";
import { describe, expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";

const batches = 1_500;
const requests = batches * 16;

/**
 * The fixed allocations of an event-loop iteration are below this limit when the iteration answers several
 * requests. An object for each request, with a BigInt or a view of a buffer, exceeds it.
 */
const bytesPerRequestMax = 60;

const batchClient = new URL("../helpers/batch-client.mjs", import.meta.url).pathname;

/** Sends the requests from another process, so that all allocations of this process belong to the server. */
async function sendBatches(path: string, command: string): Promise<void> {
  const args = [batchClient, path, command, String(batches)];
  const [code] = await once(
    spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] }),
    "exit",
  );
  expect(code).toBe(0);
}

/**
 * Returns the bytes of all objects that are allocated while `work` runs, also of those that are collected.
 */
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

describe("requests that are answered synchronously", () => {
  it.each(["read", "write"])("allocate no objects for the garbage collector: %s", async (command) => {
    await using server = await serve({ plugin: "memory", parameters: { size: "1M" } });
    const { path } = server.address as { path: string };
    // Fill the blocks with data first.
    await sendBatches(path, "write");
    // Run once without measuring: the JIT compilers allocate too.
    await sendBatches(path, command);
    expect((await allocatedBytes(() => sendBatches(path, command))) / requests).toBeLessThan(
      bytesPerRequestMax,
    );
  });
});
