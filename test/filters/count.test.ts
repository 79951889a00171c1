import { describe, expect, it } from "vitest";
import count from "../../src/filters/count.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { overMemory, RecordingDisk, zeroFlags } from "./disks.ts";

testPlugin("count over memory", { ...overMemory(count), runs: 5 });

describe("count", () => {
  async function linesOf(disk: RecordingDisk): Promise<readonly string[]> {
    const session = await TestedChain.start({ plugin: disk.plugin, filters: [count], parameters: {} });
    const exported = await session.open();
    await exported.read(Buffer.alloc(1000), 0n);
    await exported.write(Buffer.alloc(300), 0n, true);
    await exported.zero(0n, 4000, zeroFlags);
    await exported.trim(0n, 50_000, false);
    await exported.read(Buffer.alloc(1), 0n);
    await session[Symbol.asyncDispose]();
    return session.debugLines;
  }

  it("count logs at exit the bytes of each kind of requests", async () => {
    const line = "count bytes: read 1001, written 300, zeroed 4000, trimmed 50000";
    expect(await linesOf(new RecordingDisk())).toEqual([line]);
  });

  it("count counts asynchronous requests, and counts emulated zeroes as zeroes", async () => {
    const disk = new RecordingDisk({
      read: async () => {},
      write: async () => {},
      zero: undefined,
    } as object);
    const line = "count bytes: read 1001, written 300, zeroed 4000, trimmed 50000";
    expect(await linesOf(disk)).toEqual([line]);
  });

  it("count ignores failed requests", async () => {
    const session = await TestedChain.start({
      plugin: new RecordingDisk({
        read: () => {
          throw new Error("no");
        },
        trim: () => Promise.reject(new Error("no")),
      }).plugin,
      filters: [count],
      parameters: {},
    });
    const exported = await session.open();
    expect(() => exported.read(Buffer.alloc(1), 0n)).toThrow("no");
    await expect(exported.trim(0n, 1, false)).rejects.toThrow("no");
    await session[Symbol.asyncDispose]();
    expect(session.debugLines).toEqual(["count bytes: read 0, written 0, zeroed 0, trimmed 0"]);
  });
});
