import { rmSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import delay from "../../src/filters/delay.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { Folder } from "../helpers/folder.ts";
import { captive } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";
import { overMemory, RecordingDisk, zeroFlags } from "./disks.ts";

testPlugin("delay over memory", { ...overMemory(delay, { wdelay: "0.01ms" }), runs: 5 });

describe("delay", () => {
  /** The kinds of requests that these parameters delay. */
  async function delayed(parameters: Record<string, string>): Promise<readonly string[]> {
    const disk = new RecordingDisk();
    const session = await TestedChain.start({ plugin: disk.plugin, filters: [delay], parameters });
    const gone = new AbortController();
    const exported = await session.open({ signal: gone.signal });
    const requests: Record<string, () => unknown> = {
      read: () => exported.read(Buffer.alloc(1), 0n),
      write: () => exported.write(Buffer.alloc(1), 0n, false),
      zero: () => exported.zero(0n, 1, zeroFlags),
      trim: () => exported.trim(0n, 1, false),
      flush: () => exported.flush(),
      cache: () => exported.cache(0n, 1),
      extents: () => exported.extents(0n, 1, false),
    };
    const waiting: string[] = [];
    for (const [kind, request] of Object.entries(requests)) {
      const answer = Promise.resolve(request());
      answer.catch(() => {});
      await Promise.race([answer, new Promise(setImmediate)]);
      if (!disk.calls.includes(kind)) waiting.push(kind);
    }
    gone.abort(new Error("gone"));
    await session[Symbol.asyncDispose]();
    return waiting;
  }

  it.each([
    [{}, []],
    [{ rdelay: "1000" }, ["read"]],
    [{ "delay-reads": "1000" }, ["read"]],
    [{ wdelay: "1000" }, ["write", "zero", "trim"]],
    [{ wdelay: "1000", "delay-write": "0" }, ["zero", "trim"]],
    [{ "delay-discard": "1000s" }, ["trim"]],
    [{ "delay-zeroes": "1000" }, ["zero"]],
    [{ "delay-cache": "1000" }, ["cache"]],
    [{ "delay-extent": "1000000ms" }, ["extents"]],
  ])("delay with %j delays only %j", async (parameters, expected) => {
    expect(await delayed(parameters)).toEqual(expected);
  });

  it("delay-trigger delays opening, requests and closing only while the file exists", async () => {
    using folder = new Folder();
    const trigger = folder.join("trigger");
    const rare = { "delay-trigger": trigger };
    expect(await delayed({ ...rare, rdelay: "1000", wdelay: "1000" })).toEqual([]);
    const closed = { ...rare, "delay-open": "1000", "delay-close": "1000" };
    const disk = new RecordingDisk();
    await using session = await TestedChain.start({
      plugin: disk.plugin,
      filters: [delay],
      parameters: { ...closed, rdelay: "1000", "delay-fast-zero": "false", "delay-zero": "1000" },
    });
    const gone = new AbortController();
    const exported = await session.open({ signal: gone.signal });
    await exported.read(Buffer.alloc(1), 0n);
    writeFileSync(trigger, "");
    const read = Promise.resolve(exported.read(Buffer.alloc(1), 0n));
    const opened = session.open({ signal: gone.signal });
    await Promise.race([read, opened, new Promise(setImmediate)]);
    expect(disk.calls.filter((call) => call === "read")).toHaveLength(1);
    gone.abort(new Error("gone"));
    await expect(read).rejects.toThrow("gone");
    await expect(opened).rejects.toThrow("gone");
    rmSync(trigger);
    await (await session.open()).read(Buffer.alloc(1), 0n);
  });

  it("delay answers a request after the delay", async () => {
    const disk = new RecordingDisk();
    await using session = await TestedChain.start({
      plugin: disk.plugin,
      filters: [delay],
      parameters: { rdelay: "20ms" },
    });
    const exported = await session.open();
    const into = Buffer.alloc(1);
    const first = await Promise.race([exported.read(into, 0n), setTimeout(1, "nothing")]);
    expect([first, disk.calls]).toEqual(["nothing", []]);
    await exported.read(into, 1n);
    expect(into[0]).toBe(7);
  });

  it("delay refuses fast zeroes at once with delay-fast-zero=false", async () => {
    const disk = new RecordingDisk({ fastZero: false });
    const parameters = { "delay-zero": "1000", "delay-fast-zero": "no" };
    await using session = await TestedChain.start({ plugin: disk.plugin, filters: [delay], parameters });
    const exported = await session.open();
    expect(exported.canFastZero).toBe(true);
    const zeroing = exported.zero(0n, 1, { ...zeroFlags, fastZero: true });
    await expect(zeroing).rejects.toMatchObject({ code: "ENOTSUP" });
    expect(disk.calls).toEqual([]);
  });

  it("delay stops an open when the client disconnects", async () => {
    const disk = new RecordingDisk();
    const parameters = { "delay-open": "1000", "delay-close": "1000" };
    await using session = await TestedChain.start({ plugin: disk.plugin, filters: [delay], parameters });
    const gone = new AbortController();
    const opening = session.open({ signal: gone.signal });
    gone.abort(new Error("gone"));
    await expect(opening).rejects.toThrow("gone");
  });
});

describeWith(["nbdsh"], "delay-close", () => {
  it("delay-close delays the end of the connection after NBD_CMD_DISC", async () => {
    const script = `import time
start = time.monotonic()
h.shutdown()
print(time.monotonic() - start >= 0.2)`;
    const args = ["--filter=delay", "memory", "1M", "delay-close=200ms"];
    expect(await captive(args, `nbdsh -u "$uri" -c '${script}'`)).toBe("True\n");
  });
});
