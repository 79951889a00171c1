import { beforeEach, describe, expect, it, vi } from "vitest";
import { Durability } from "../../src/descriptor/durability.ts";
import { PageCacheRelief } from "../../src/descriptor/page-cache.ts";

const calls: string[] = [];
let failure: Error | undefined;

vi.mock("../../src/native/load.ts", () => ({
  native: () => ({
    advise: (_fd: number, offset: bigint, length: bigint, advice: string) =>
      calls.push(`${advice} ${offset}+${length}`),
  }),
}));

function start(): PageCacheRelief {
  const sync = async (): Promise<void> => {
    calls.push("sync");
    if (failure !== undefined) throw failure;
  };
  return new PageCacheRelief(3, new Durability(3, sync));
}

const megabyte = 1024 * 1024;

describe("PageCacheRelief", () => {
  beforeEach(() => {
    calls.length = 0;
    failure = undefined;
  });

  it("drops the pages of a read from the page cache", () => {
    start().afterRead(10n, 20);
    expect(calls).toEqual(["dontneed 10+20"]);
  });

  it("syncs and drops pages after every 8 MiB of writes", async () => {
    const relief = start();
    for (let written = 0; written < 7; written++) await relief.afterWrite(megabyte);
    expect(calls).toEqual([]);
    await relief.afterWrite(megabyte);
    expect(calls).toEqual(["sync", "dontneed 0+0"]);
    await relief.afterWrite(megabyte);
    expect(calls).toHaveLength(2);
  });

  it("fails a write when the sync after it fails", async () => {
    failure = Object.assign(new Error("full"), { code: "ENOSPC" });
    await expect(start().afterWrite(8 * megabyte)).rejects.toBe(failure);
    expect(calls).toEqual(["sync"]);
  });

  it("does not sync when nothing was written", async () => {
    await start().release();
    expect(calls).toEqual([]);
  });
});
