import { spawn } from "node:child_process";
import { once } from "node:events";
import { type HeapProfiler, Session } from "node:inspector/promises";
import { expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";
import { describeWith } from "../helpers/tools.ts";

const diskSize = "64M";
const requests = 20_000;

/**
 * What one turn of the loop allocates, however many requests it answers, is below this, and fio keeps sixteen in flight.
 * An object that every request has, with a BigInt or two, or a view of a buffer, is above it.
 */
const bytesPerRequestMax = 80;

async function runProgram(program: string, args: readonly string[]): Promise<void> {
  const [code] = await once(spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] }), "exit");
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

describeWith(["fio", "nbdcopy"], "requests that are answered at once", () => {
  it.each(["randread", "randwrite"])("leave nothing for the garbage collector: %s", async (rw) => {
    await using server = await serve({ plugin: "memory", parameters: { size: diskSize } });
    const fill = `head -c ${diskSize} /dev/urandom | nbdcopy - "$1"`;
    await runProgram("sh", ["-c", fill, "sh", server.uri]);
    const job = ["--name=job", "--ioengine=nbd", `--uri=${server.uri}`, `--rw=${rw}`, "--bs=4k"];
    const length = ["--iodepth=16", `--size=${diskSize}`, `--io_size=${requests * 4}k`];
    const load = (): Promise<void> => runProgram("fio", [...job, ...length]);
    // The compilers allocate too.
    await load();
    expect((await allocatedBytes(load)) / requests).toBeLessThan(bytesPerRequestMax);
  });
});
