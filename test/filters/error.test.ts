import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import error from "../../src/filters/error.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { Folder } from "../helpers/folder.ts";
import { overMemory, RecordingDisk, zeroFlags } from "./disks.ts";

testPlugin("error without a rate over memory", { ...overMemory(error, { error: "EPERM" }), runs: 5 });

describe("error", () => {
  /** The result of each kind of requests: "ok" or the error code. */
  async function fates(parameters: Record<string, string>): Promise<Record<string, string>> {
    const { plugin } = new RecordingDisk();
    await using session = await TestedChain.start({ plugin, filters: [error], parameters });
    const exported = await session.open();
    const fate = async (request: () => unknown): Promise<string> => {
      try {
        await request();
        return "ok";
      } catch (failure) {
        return (failure as { code: string }).code;
      }
    };
    return {
      read: await fate(() => exported.read(Buffer.alloc(1), 0n)),
      write: await fate(() => exported.write(Buffer.alloc(1), 0n, false)),
      trim: await fate(() => exported.trim(0n, 1, false)),
      zero: await fate(() => exported.zero(0n, 1, zeroFlags)),
      extents: await fate(() => exported.extents(0n, 1, false)),
      cache: await fate(() => exported.cache(0n, 1)),
      flush: await fate(() => exported.flush()),
    };
  }

  const ok = { read: "ok", write: "ok", trim: "ok", zero: "ok", extents: "ok", cache: "ok", flush: "ok" };
  const all = (code: string) => ({
    ...{ read: code, write: code, trim: code, zero: code, extents: code, cache: code },
    flush: "ok",
  });

  it.each([
    [{}, ok],
    [{ error: "ENOSPC" }, ok],
    [{ "error-rate": "1" }, all("EIO")],
    [{ "error-rate": "100%", error: "ENOMEM" }, all("ENOMEM")],
    [
      { "error-rate": "1", "error-pread-rate": "0" },
      { ...all("EIO"), read: "ok" },
    ],
    [
      { "error-pwrite-rate": "1:1", "error-pwrite": "ESHUTDOWN" },
      { ...ok, write: "ESHUTDOWN" },
    ],
    [
      { "error-extents-rate": "1", "error-trim": "EPERM" },
      { ...ok, extents: "EIO" },
    ],
    [{ "error-rate": "1", "error-file": "/nonexistent/file" }, ok],
    [
      { "error-rate": "1", "error-zero-file": "/nonexistent/file" },
      { ...all("EIO"), zero: "ok" },
    ],
  ])("error with %j fails the expected requests", async (parameters, expected) => {
    expect(await fates(parameters)).toEqual(expected);
  });

  it("error fails requests only while its file exists", async () => {
    using folder = new Folder();
    const { plugin } = new RecordingDisk();
    const parameters = { "error-rate": "100%", "error-file": folder.join("trigger") };
    await using session = await TestedChain.start({ plugin, filters: [error], parameters });
    const exported = await session.open();
    const read = () => exported.read(Buffer.alloc(1), 0n);
    read();
    folder.file("trigger", "");
    expect(read).toThrow("injecting EIO error into pread");
    rmSync(folder.join("trigger"));
    read();
  });

  it("error fails requests at about the given rate", async () => {
    const { plugin } = new RecordingDisk();
    await using session = await TestedChain.start({
      plugin,
      filters: [error],
      parameters: { "error-rate": "1:4" },
    });
    const exported = await session.open();
    let failed = 0;
    for (let count = 0; count < 10_000; count++) {
      try {
        exported.read(Buffer.alloc(1), 0n);
      } catch {
        failed++;
      }
    }
    // The limits are eleven standard deviations from the mean.
    expect(Math.abs(failed - 2500)).toBeLessThan(500);
  });

  it.each([
    [{ "error-rate": "2" }, "error-rate: rate out of range: '2'"],
    [{ "error-pread-rate": "x" }, "error-pread-rate: could not parse probability"],
    [{ error: "EFOO" }, "EFOO: use EPERM, EIO"],
  ])("error refuses the parameters %j", async (parameters, message) => {
    await expect(TestedChain.start(overMemory(error, parameters))).rejects.toThrow(message);
  });
});
