import { describe, expect, it } from "vitest";
import { type HeadOptions, Heads } from "../../src/filters/spinning/heads.ts";
import spinning from "../../src/filters/spinning.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { overMemory, RecordingDisk } from "./disks.ts";

const quick = { "min-seek-time": "0", "half-seek-time": "1us", "max-seek-time": "2us" };

const slow = { "min-seek-time": "1000000", "half-seek-time": "1000000", "max-seek-time": "1000000" };

testPlugin("spinning", { ...overMemory(spinning, { ...quick, size: "1M" }), runs: 5 });
testPlugin("spinning with three heads", { ...overMemory(spinning, { ...quick, heads: "3" }), runs: 5 });

const GiB = 2 ** 30;
const times = { min: 10, half: 200, max: 500 };

/** Returns the delays in ms of requests at these places, which are shares of a disk of 1 GiB. */
async function delays(options: Partial<HeadOptions>, ...places: number[]): Promise<readonly number[]> {
  const heads = new Heads(BigInt(GiB), { count: 1, separate: false, times, ...options });
  const waited: number[] = [];
  for (const place of places) {
    const before = waited.length;
    await heads.seek(
      place * GiB,
      async (ms) => void waited.push(ms),
      () => {},
    );
    if (waited.length === before) waited.push(0);
  }
  return waited.map((ms) => Math.round(ms));
}

describe("spinning", () => {
  // Measured with nbdkit 1.48.
  it("spinning delays requests by the distance of the head, by a quadratic function", async () => {
    expect(await delays({}, 0.5, 0, 1, 0, 0.125, 0, 0.25, 0.25)).toEqual([200, 200, 500, 500, 47, 47, 91, 0]);
    expect(await delays({}, 131_072 / GiB, 0, 131_584 / GiB)).toEqual([0, 0, 10]);
    const linear = { min: 0, half: 500, max: 1000 };
    expect(await delays({ times: linear }, 0.25, 0.5, 0)).toEqual([250, 250, 500]);
    expect(await delays({ times: { min: 100, half: 0, max: 0 } }, 0.75)).toEqual([0]);
  });

  it("spinning moves heads on one arm together, and separate heads on their own", async () => {
    expect(await delays({ count: 4 }, 0.2, 0.7, 0.5)).toEqual([367, 0, 367]);
    expect(await delays({ count: 4, separate: true }, 0.125, 0.625, 0.125, 0.5)).toEqual([200, 200, 0, 200]);
  });

  it("spinning serves requests for one arm in order, and those of other heads meanwhile", async () => {
    const heads = new Heads(BigInt(GiB), { count: 4, separate: true, times });
    const done: string[] = [];
    const waiting: (() => void)[] = [];
    const seek = (name: string, place: number): PromiseLike<unknown> | unknown =>
      heads.seek(
        place * GiB,
        (_ms) => new Promise<void>((resolve) => waiting.push(resolve)),
        () => void done.push(name),
      );
    const all = [seek("far", 0.2), seek("second", 0.21), seek("near", 0.211), seek("other", 0.99)];
    await Promise.resolve();
    expect(waiting.length).toBe(2);
    waiting.pop()?.();
    await all[3];
    expect(done).toEqual(["other"]);
    for (const first of [0, 1, 2]) {
      waiting.shift()?.();
      await all[first];
    }
    expect(done).toEqual(["other", "far", "second", "near"]);
  });

  it("spinning advertises a spinning disk without multi-conn, and delays no other requests", async () => {
    const { plugin } = new RecordingDisk({ multiConn: true });
    await using session = await TestedChain.start({ plugin, filters: [spinning], parameters: slow });
    const disk = await session.open();
    expect(disk).toMatchObject({ rotational: true, canMultiConn: false });
    await disk.trim(60_000n, 10, false);
    await disk.flush();
    await contents(disk);
  });

  it("spinning answers at once only what needs no seek", async () => {
    await using session = await TestedChain.start(overMemory(spinning, { size: "1M" }));
    const disk = await session.open();
    const buffer = Buffer.alloc(4096);
    const now = (offset: number) => [
      disk.readNow(buffer, 0, 4096, offset),
      disk.writeNow(buffer, 0, 4096, offset),
    ];
    expect([now(0), now(100_000), now(200_000), now(400_000)]).toEqual([
      [true, true],
      [true, true],
      [true, true],
      [false, false],
    ]);
  });

  it("a request that waits for the head ends when its client has gone, and later ones are served", async () => {
    const parameters = { size: "1M", ...slow };
    await using session = await TestedChain.start(overMemory(spinning, parameters));
    const gone = new AbortController();
    const disk = await session.open({ signal: gone.signal });
    const reading = contents(disk, 900_000n, 512);
    gone.abort(new Error("the client has gone"));
    await expect(reading).rejects.toThrow("the client has gone");
    await contents(disk, 900_000n, 512);
  });

  it.each([
    [{ heads: "0" }, "heads must be in the range [1..64] (was: 0)"],
    [{ heads: "65" }, "heads must be in the range [1..64] (was: 65)"],
    [{ heads: "-1" }, "heads: negative numbers are not allowed"],
    [{ "separate-heads": "x" }, "could not decipher boolean (x)"],
    [{ "max-seek-time": "-1" }, "max-seek-time: could not parse delay"],
  ])("spinning refuses %j", async (parameters, refusal) => {
    await expect(TestedChain.start(overMemory(spinning, parameters))).rejects.toThrow(refusal);
  });
});
