import { describe, expect, it, vi } from "vitest";
import { Bucket } from "../../src/filters/rate/bucket.ts";
import rate from "../../src/filters/rate.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { Folder } from "../helpers/folder.ts";
import { overMemory, RecordingDisk } from "./disks.ts";

testPlugin("rate without a limit over memory", { ...overMemory(rate), runs: 5 });
testPlugin("rate over memory", { ...overMemory(rate, { rate: "1E", "connection-rate": "1E" }), runs: 5 });

describe("a bucket", () => {
  function bucketAt(rate: number, seconds: number): { bucket: Bucket; pass: (ms: number) => void } {
    let now = 5000;
    const pass = (ms: number): void => {
      now += ms;
    };
    return { bucket: new Bucket(rate, seconds, () => now), pass };
  }

  it("a bucket starts full and then fills at its rate", () => {
    const { bucket, pass } = bucketAt(1000, 2);
    expect(bucket.take(2000)).toBe(0);
    expect(bucket.take(500)).toBe(500);
    pass(500);
    expect(bucket.take(100)).toBe(100);
    pass(10_000);
    expect(bucket.take(2000)).toBe(0);
    expect(bucket.take(1)).toBe(1);
  });

  it("a bucket does not let a later request overtake", () => {
    const { bucket } = bucketAt(1000, 1);
    bucket.take(1000);
    expect([bucket.take(1000), bucket.take(1), bucket.take(1000)]).toEqual([1000, 1001, 2001]);
  });

  it("a bucket applies a new rate at once", () => {
    const { bucket, pass } = bucketAt(1000, 1);
    bucket.take(1000);
    bucket.setRate(4000);
    expect(bucket.take(4000)).toBe(1000);
    bucket.setRate(0);
    expect(bucket.take(1e9)).toBe(0);
    pass(1);
    bucket.setRate(10);
    expect(bucket.take(10)).toBe(0);
    expect(bucket.take(10)).toBe(1000);
  });
});

describe("rate", () => {
  it.each([
    [{ rate: "0" }, "rate cannot be set to 0"],
    [{ rate: ["1", "2"] }, "rate set twice on the command line"],
    [{ burstiness: "x" }, "burstiness must be a number of seconds"],
  ])("rate refuses the parameters %j", async (parameters, message) => {
    await expect(TestedChain.start(overMemory(rate, parameters))).rejects.toThrow(message);
  });

  /** The requests that had to wait. */
  async function waits(
    parameters: Record<string, string>,
    act: (session: TestedChain) => Promise<unknown[]>,
  ) {
    const { plugin } = new RecordingDisk();
    await using session = await TestedChain.start({ plugin, filters: [rate], parameters });
    const done = await act(session);
    return done.map((answer) => answer instanceof Promise);
  }

  it("rate limits reads and writes separately", async () => {
    const disk = new RecordingDisk();
    const parameters = { rate: "8000", burstiness: "1" };
    await using session = await TestedChain.start({ plugin: disk.plugin, filters: [rate], parameters });
    const gone = new AbortController();
    const exported = await session.open({ signal: gone.signal });
    expect(exported.read(Buffer.alloc(1000), 0n)).toBe(undefined);
    expect(exported.write(Buffer.alloc(1000), 0n, false)).toBe(undefined);
    expect(exported.trim(0n, 60_000, false)).toBe(undefined);
    const calls = disk.calls.length;
    const waiting = exported.read(Buffer.alloc(60_000), 0n);
    expect(disk.calls.length).toBe(calls);
    gone.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
  });

  it("rate limits all connections together, and connection-rate limits each connection", async () => {
    const both = (session: TestedChain) =>
      Promise.all([session.open(), session.open()]).then(([one, two]) => [
        one!.read(Buffer.alloc(10), 0n),
        two!.read(Buffer.alloc(10), 0n),
      ]);
    expect(await waits({ rate: "80", burstiness: "1" }, both)).toEqual([false, true]);
    expect(await waits({ "connection-rate": "80", burstiness: "1" }, both)).toEqual([false, false]);
  });

  it("rate-file changes the rate while the server runs", async () => {
    using folder = new Folder();
    const { plugin } = new RecordingDisk();
    const parameters = { "rate-file": folder.join("rate"), burstiness: "1" };
    await using session = await TestedChain.start({ plugin, filters: [rate], parameters });
    const exported = await session.open();
    const read = () => exported.read(Buffer.alloc(10), 0n);
    expect(read()).toBe(undefined);
    folder.file("rate", "80\n");
    expect(read()).toBe(undefined);
    const waiting = read();
    expect(waiting).toBeInstanceOf(Promise);
    folder.file("rate", "nonsense");
    vi.spyOn(performance, "now").mockReturnValue(performance.now() + 100_000);
    expect(read()).toBe(undefined);
    expect(read()).toBeInstanceOf(Promise);
    vi.restoreAllMocks();
    folder.file("rate", "80E");
    await waiting;
  });
});
