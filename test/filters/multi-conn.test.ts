import { describe, expect, it } from "vitest";
import type { AnyPlugin } from "../../src/chain/component.ts";
import multiConn from "../../src/filters/multi-conn.ts";
import noparallel from "../../src/filters/noparallel.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { bufferDisk } from "../helpers/memory-session.ts";
import { until } from "../helpers/until.ts";
import { overMemory } from "./disks.ts";

for (const mode of ["auto", "emulate", "plugin"]) {
  testPlugin(`multi-conn with ${mode} over memory`, {
    ...overMemory(multiConn, { "multi-conn-mode": mode }),
    runs: 5,
  });
}

/** Each client has its own cache: only a flush writes it to the disk, and only a flush refreshes it. */
function caching(changes: object = {}): { plugin: AnyPlugin; flushed: string[] } {
  const disk = Buffer.alloc(1024);
  const flushed: string[] = [];
  let clients = 0;
  const plugin: AnyPlugin = {
    name: "caching",
    open() {
      const name = `client ${++clients}`;
      const cache = new Map<number, number>();
      const written = new Set<number>();
      return {
        ...bufferDisk(disk),
        read(into: Uint8Array, offset: bigint) {
          for (const index of into.keys()) {
            const at = Number(offset) + index;
            if (!cache.has(at)) cache.set(at, disk[at]!);
            into[index] = cache.get(at)!;
          }
        },
        write(from: Uint8Array, offset: bigint) {
          for (const [index, byte] of from.entries()) {
            cache.set(Number(offset) + index, byte);
            written.add(Number(offset) + index);
          }
        },
        async flush() {
          flushed.push(name);
          for (const at of written) disk[at] = cache.get(at)!;
          written.clear();
          await null;
          cache.clear();
        },
        nativeFua: false,
        multiConn: false,
        ...changes,
      };
    },
  };
  return { plugin, flushed };
}

describe("multi-conn", () => {
  const start = (plugin: AnyPlugin, parameters: Record<string, string> = {}): Promise<TestedChain> =>
    TestedChain.start({ plugin, filters: [multiConn], parameters });

  it.each([
    ["auto", false, true],
    ["auto", true, true],
    ["emulate", false, true],
    ["disable", true, false],
    ["unsafe", false, true],
    ["plugin", false, false],
    ["plugin", true, true],
  ])("multi-conn-mode=%s over a plugin with multi-conn %s advertises %s", async (mode, plugins, expected) => {
    const { plugin } = caching({ multiConn: plugins });
    await using session = await start(plugin, { "multi-conn-mode": mode });
    expect((await session.open()).canMultiConn).toBe(expected);
  });

  it.each([
    ["emulate", "serialize_requests", "serialize_all_requests"],
    ["plugin", "serialize_requests", "serialize_requests"],
    ["auto", "parallel", "parallel"],
  ] as const)(
    "multi-conn-mode=%s over a plugin with %s has the thread model %s",
    async (mode, threadModel, expected) => {
      const { plugin } = caching();
      await using session = await start({ ...plugin, threadModel }, { "multi-conn-mode": mode });
      expect(session.chain.threadModel).toBe(expected);
    },
  );

  it("multi-conn does not advertise multi-conn if only one connection is allowed at a time", async () => {
    const parameters = { serialize: "connections" };
    const { plugin } = caching();
    await using session = await TestedChain.start({ plugin, filters: [multiConn, noparallel], parameters });
    expect((await session.open()).canMultiConn).toBe(false);
  });

  it.each(["connection", "conn", "fast", "off"])(
    "multi-conn-track-dirty=%s keeps several connections consistent",
    async (tracking) => {
      for (const fua of [true, false]) {
        const { plugin } = caching();
        await using session = await start(plugin, { "multi-conn-track-dirty": tracking });
        const [one, two, three] = [await session.open(), await session.open(), await session.open()];
        for (let round = 1; round < 5; round++) {
          for (const [writer, reader, flusher] of [
            [one, two, three],
            [two, one, one],
            [three, three, two],
          ]) {
            const into = Buffer.alloc(1);
            await reader!.read(into, 5n);
            await writer!.write(Buffer.of(round * 7), 5n, fua);
            if (!fua) await flusher!.flush();
            await reader!.read(into, 5n);
            expect(into[0]).toBe(round * 7);
          }
        }
      }
    },
  );

  it.each([
    ["off", ["client 1", "client 2", "client 1", "client 2"]],
    ["connection", ["client 1"]],
    ["fast", ["client 1", "client 2"]],
  ])(
    "multi-conn-track-dirty=%s flushes only the connections that need a flush",
    async (tracking, expected) => {
      const { plugin, flushed } = caching();
      await using session = await start(plugin, { "multi-conn-track-dirty": tracking });
      const [one, two] = [await session.open(), await session.open()];
      await one.write(Buffer.of(1), 0n, false);
      await two.flush();
      await one.flush();
      expect(flushed).toEqual(expected);
    },
  );

  it.each([
    ["plugin", "connection", true],
    ["plugin", "connection", false],
    ["plugin", "fast", false],
    ["disable", "connection", true],
    ["unsafe", "connection", false],
    ["emulate", "off", false],
  ])(
    "multi-conn-mode=%s, tracking %s: a flush of one connection covers the writes of another (%s)",
    async (mode, tracking, plugins) => {
      const { plugin, flushed } = caching({ multiConn: plugins });
      const parameters = { "multi-conn-mode": mode, "multi-conn-track-dirty": tracking };
      await using session = await start(plugin, parameters);
      const [one, two] = [await session.open(), await session.open()];
      await one.write(Buffer.of(1), 0n, false);
      await two.flush();
      expect(flushed).toContain("client 2");
      flushed.splice(0);
      await two.flush();
      // No data has changed since the last flush. Only tracking=off flushes all other connections again.
      expect(flushed).toEqual(tracking === "off" ? ["client 1", "client 2"] : []);
      await one.flush();
      const isFlushedWithAll = plugins || tracking !== "connection";
      if (mode !== "emulate") expect(flushed).toEqual(isFlushedWithAll ? [] : ["client 1"]);
    },
  );

  it.each(["emulate", "plugin", "disable"])(
    "multi-conn-mode=%s: a flush covers the writes of a disconnected connection",
    async (mode) => {
      for (const multiConn of [true, false]) {
        const { plugin, flushed } = caching({ multiConn });
        await using session = await start(plugin, { "multi-conn-mode": mode });
        const [one, two] = [await session.open(), await session.open()];
        await one.write(Buffer.of(1), 0n, false);
        await session.close(one);
        await two.flush();
        expect(flushed).toEqual(["client 2"]);
        await two.write(Buffer.of(1), 0n, false);
        await session.close(two);
        await (await session.open()).flush();
        expect(flushed).toEqual(["client 2", "client 3"]);
      }
    },
  );

  it.each(["emulate", "plugin"])(
    "multi-conn-mode=%s: a flush does not cover a write that is still running",
    async (mode) => {
      const running: (() => void)[] = [];
      const slowly = (): Promise<void> => new Promise((resolve) => void running.push(resolve));
      const flushes: number[] = [];
      const flush = async () => void flushes.push(running.length);
      const { plugin } = caching({ multiConn: true, flush, write: slowly });
      await using session = await start(plugin, { "multi-conn-mode": mode });
      const one = await session.open();
      const writing = one.write(Buffer.of(1), 0n, false);
      const another = one.write(Buffer.of(1), 1n, false);
      running[0]!();
      await writing;
      await one.flush();
      running[1]!();
      await another;
      await one.flush();
      await one.flush();
      expect(flushes).toHaveLength(2);
    },
  );

  it.each(["emulate", "plugin"])(
    "multi-conn-mode=%s: a flush is not answered before the running flush that it depends on has succeeded",
    async (mode) => {
      const running: { resolve: () => void; reject: (error: Error) => void }[] = [];
      const flush = () => new Promise<void>((resolve, reject) => void running.push({ resolve, reject }));
      const { plugin } = caching({ multiConn: true, flush });
      await using session = await start(plugin, { "multi-conn-mode": mode });
      const [one, two] = [await session.open(), await session.open()];
      await one.write(Buffer.of(1), 0n, false);
      const first = Promise.resolve(one.flush());
      const second = Promise.resolve(two.flush());
      await until("both flushes", () => running.length === 2);
      running[0]!.reject(new Error("disk full"));
      await expect(first).rejects.toThrow("disk full");
      running[1]!.resolve();
      await second;
      await one.flush();
      expect(running).toHaveLength(2);
    },
  );

  it("multi-conn flushes connections that have read after all connections that have written", async () => {
    const { plugin, flushed } = caching();
    await using session = await start(plugin);
    const [one, two, three] = [await session.open(), await session.open(), await session.open()];
    await one.read(Buffer.alloc(1), 0n);
    await three.write(Buffer.of(1), 0n, false);
    await two.flush();
    expect(flushed).toEqual(["client 3", "client 1"]);
  });

  it("multi-conn flushes a connection that has read when another connection has written", async () => {
    const { plugin, flushed } = caching();
    await using session = await start(plugin);
    const [one, two] = [await session.open(), await session.open()];
    await two.read(Buffer.alloc(1), 0n);
    await one.flush();
    expect(flushed).toEqual([]);
    await one.write(Buffer.of(1), 0n, false);
    await one.flush();
    expect(flushed).toEqual(["client 1", "client 2"]);
  });

  it("multi-conn-exportname tracks each export separately", async () => {
    const { plugin, flushed } = caching();
    await using session = await start(plugin, { "multi-conn-exportname": "true" });
    const [one, two] = [await session.open({ exportName: "a" }), await session.open({ exportName: "b" })];
    await one.write(Buffer.of(1), 0n, false);
    await two.write(Buffer.of(1), 0n, false);
    await one.flush();
    expect(flushed).toEqual(["client 1"]);
  });

  it("multi-conn flushes a connection again after a failed flush", async () => {
    let fails = true;
    const flushed: string[] = [];
    const flush = async () => {
      flushed.push(fails ? "failed" : "done");
      if (fails) throw new Error("disk full");
    };
    const { plugin } = caching({ flush });
    await using session = await start(plugin);
    const one = await session.open();
    await one.write(Buffer.of(1), 0n, false);
    await expect(one.flush()).rejects.toThrow("disk full");
    fails = false;
    await one.flush();
    await one.flush();
    expect(flushed).toEqual(["failed", "done"]);
  });

  it("multi-conn does not close a handle that another client is flushing", async () => {
    let finish = (): void => {};
    const said: string[] = [];
    const { plugin } = caching({
      flush: () => new Promise<void>((resolve) => (finish = resolve)).then(() => void said.push("flushed")),
      close: () => void said.push("closed"),
    });
    await using session = await start(plugin);
    const [one, two] = [await session.open(), await session.open()];
    await one.write(Buffer.of(1), 0n, false);
    const flushing = two.flush();
    const closing = session.close(one);
    await new Promise(setImmediate);
    expect(said).toEqual([]);
    finish();
    await Promise.all([flushing, closing]);
    expect(said).toEqual(["flushed", "closed"]);
  });

  it("multi-conn-mode=emulate refuses a disk that cannot flush", async () => {
    const { plugin } = caching({ flush: undefined });
    await using session = await start(plugin, { "multi-conn-mode": "emulate" });
    await expect(session.open()).rejects.toThrow("emulating multi-conn requires working flush");
  });
});
