import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { reportOf } from "../../src/filters/stats/report.ts";
import { type Tallies, Tally } from "../../src/filters/stats/tally.ts";
import stats from "../../src/filters/stats.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { Folder } from "../helpers/folder.ts";
import { overMemory, RecordingDisk, zeroFlags } from "./disks.ts";

testPlugin("stats over memory", { ...overMemory(stats, { statsfile: "/dev/null" }), runs: 5 });

function tallies(): Tallies {
  const kinds = ["read", "write", "trim", "zero", "extents", "cache", "flush"] as const;
  return Object.fromEntries(kinds.map((kind) => [kind, new Tally()])) as Tallies;
}

describe("the report", () => {
  it("the report has one line if no request was made", () => {
    expect(reportOf(tallies(), 1500, 0.95)).toBe("total: 0 ops, 1.500000 s, 0 bytes, 0 bytes/s\n");
  });

  it("the report has sizes and rates in suitable units", () => {
    const all = tallies();
    all.read.add(0n, 3 * 2 ** 30, 1000);
    all.write.add(0n, 1536, 0);
    all.flush.add(0n, 0, 2);
    all.cache.add(0n, 2 ** 20, 500);
    expect(reportOf(all, 2000, 0)).toBe(
      [
        "total: 3 ops, 2.000000 s, 3.00 GiB, 1.50 GiB/s",
        "read: 1 ops, 1.000000 s, 3.00 GiB, 3.00 GiB/s op, 1.50 GiB/s total",
        "write: 1 ops, 0.000000 s, 1.50 KiB, (n/a)/s op, 768 bytes/s total",
        "cache: 1 ops, 0.500000 s, 1.00 MiB, 2.00 MiB/s op, 512.00 KiB/s total",
        "flush: 1 ops, 0.002000 s, 0 bytes, 0 bytes/s op, 0 bytes/s total",
        "",
      ].join("\n"),
    );
  });

  it("the report breaks requests down by size and alignment", () => {
    const all = tallies();
    for (let index = 0; index < 40; index++) all.read.add(BigInt(index) * 4096n, 4096, 1);
    for (let index = 0; index < 9; index++) all.read.add(2n ** 40n + 512n, 700, 1);
    all.read.add(1n, 1, 1);
    const [, breakdown] = reportOf(all, 1000, 0.95).split("Request size and alignment breakdown:\n");
    expect(breakdown).toBe(
      [
        "    12 bits: 80.0% (40 reqs, 160.00 KiB total)",
        "         12 bit aligned: 100.0% (40)",
        "         13 bit aligned:  50.0% (20)",
        "         14 bit aligned:  25.0% (10)",
        "         15 bit aligned:  12.5% (5)",
        "         16 bit aligned:   7.5% (3)",
        "         17 bit aligned:   5.0% (2)",
        "     9 bits: 18.0% (9 reqs, 6.15 KiB total)",
        "          9 bit aligned: 100.0% (9)",
        "    other sizes:  2.0% (1 reqs, 1 bytes total)",
        "\n",
      ].join("\n"),
    );
  });
});

describe("stats", () => {
  it("stats counts successful requests and writes the report at exit", async () => {
    using folder = new Folder();
    const disk = new RecordingDisk({ trim: () => Promise.reject(new Error("no")), zero: async () => {} });
    const parameters = { statsfile: folder.join("stats"), statsthreshold: "0" };
    const session = await TestedChain.start({ plugin: disk.plugin, filters: [stats], parameters });
    const exported = await session.open();
    await exported.read(Buffer.alloc(512), 0n);
    await exported.write(Buffer.alloc(1), 0n, true);
    await exported.zero(0n, 3, zeroFlags);
    await exported.extents(0n, 4, false);
    await exported.flush();
    await expect(exported.trim(0n, 5, false)).rejects.toThrow("no");
    expect(readFileSync(folder.join("stats"), "utf8")).toBe("");
    await session[Symbol.asyncDispose]();
    const lines = readFileSync(folder.join("stats"), "utf8").split("\n");
    expect(lines.map((line) => line.replace(/ s,.*/, "").replace(/[\d.]+$/, "T"))).toEqual([
      "total: 5 ops, T",
      "read: 1 ops, T",
      "write: 1 ops, T",
      "zero: 1 ops, T",
      "extents: 1 ops, T",
      "flush: 1 ops, T",
      "",
    ]);
  });

  it.each([
    ["false", 1],
    ["true", 2],
  ])("statsappend=%s leaves %d reports after two runs", async (statsappend, reports) => {
    using folder = new Folder();
    for (let run = 0; run < 2; run++) {
      const parameters = { statsfile: folder.join("stats"), statsappend };
      const session = await TestedChain.start(overMemory(stats, parameters));
      await session[Symbol.asyncDispose]();
    }
    expect(readFileSync(folder.join("stats"), "utf8").match(/^total:/gm)).toHaveLength(reports);
  });

  it("stats fails at the start when it cannot open the report file", async () => {
    const starting = TestedChain.start(overMemory(stats, { statsfile: "/nonexistent/stats" }));
    await expect(starting).rejects.toThrow("open: /nonexistent/stats: No such file or directory");
  });
});
