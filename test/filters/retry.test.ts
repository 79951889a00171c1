import { describe, expect, it } from "vitest";
import type { Handle } from "../../src/contract/handle.ts";
import type { MetaContext } from "../../src/contract/meta-context.ts";
import retry from "../../src/filters/retry.ts";
import memory from "../../src/plugins/memory.ts";
import type { ServedExport } from "../../src/served/served-export.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { bufferDisk } from "../helpers/memory-session.ts";
import { until } from "../helpers/until.ts";
import { fail, faultyPlugin, sequencePlugin, sequenceSession } from "./faulty-plugin.ts";

const quick = { retries: "1000", "retry-delay": "1ms", "retry-exponential": "no" };

testPlugin("memory under retry", {
  plugin: memory,
  parameters: { size: "100000" },
  filters: [retry],
  runs: 5,
});
testPlugin("a faulty disk under retry", {
  plugin: faultyPlugin(20_000),
  parameters: quick,
  filters: [retry],
  runs: 10,
});

const flags = { fua: false, mayTrim: true, fastZero: false };
const size = 1000;

/** A handle where every request fails. */
function broken(): Handle {
  const broken = () => fail("EIO", "broken");
  const disk = bufferDisk(Buffer.alloc(size));
  return { ...disk, ...{ read: broken, write: broken, flush: broken, trim: broken, zero: broken } };
}

function whole(bytes = Buffer.alloc(size, 5)): Handle {
  return bufferDisk(bytes);
}

const started = (handles: readonly (() => Handle)[], parameters: Record<string, string> = {}) =>
  sequenceSession(retry, handles, { "retry-delay": "1ms", ...parameters });

describe("retry", () => {
  const requests: Readonly<Record<string, (disk: ServedExport) => unknown>> = {
    read: (disk) => disk.read(Buffer.alloc(10), 5n),
    write: (disk) => disk.write(Buffer.alloc(10), 5n, true),
    flush: (disk) => disk.flush(),
    trim: (disk) => disk.trim(0n, 10, false),
    zero: (disk) => disk.zero(0n, 10, flags),
    cache: (disk) => disk.cache(0n, 10),
    extents: (disk) => disk.extents(0n, 10, false),
    "a metadata context": (disk) => disk.status(disk.metaContexts[0]!, 0n, 10, false),
  };
  const context = (state: bigint): MetaContext => ({
    name: "x-test:one",
    status: (_offset, length) => [{ length: BigInt(length), state }],
  });
  const brokenContext: MetaContext = { name: "x-test:one", status: () => fail("EIO", "broken") };

  it.each(Object.keys(requests))("retry reopens the plugin and sends the request again: %s", async (kind) => {
    const bad = () => ({
      ...broken(),
      cache: () => fail("EIO", "broken"),
      extents: () => fail("EIO", "broken"),
      metaContexts: [brokenContext],
    });
    const { session, opened } = await started([
      bad,
      bad,
      () => ({ ...whole(), metaContexts: [context(3n)] }),
    ]);
    const disk = await session.open();
    await requests[kind]!(disk);
    expect(opened).toHaveLength(3);
    await session[Symbol.asyncDispose]();
    expect(session.debugLines.filter((line) => /^retry|^reopens/.test(line))).toEqual([
      "retry 1: waiting 0.001 seconds before retrying",
      "retry 2: waiting 0.002 seconds before retrying",
      "reopens needed: 2",
    ]);
  });

  it("retry gives up after the maximum number of retries, with the last error", async () => {
    const { session, opened } = await started([broken], { retries: "3" });
    await using _ended = session;
    const disk = await session.open();
    await expect(disk.read(Buffer.alloc(1), 0n)).rejects.toMatchObject({ code: "EIO", message: "broken" });
    expect(opened).toHaveLength(4);
    expect(session.debugLines).toContain("could not recover after 3 retries");
  });

  it("retries=0 disables retry", async () => {
    const { session, opened } = await started([broken], { retries: "0" });
    await using _ended = session;
    const disk = await session.open();
    await expect(disk.read(Buffer.alloc(1), 0n)).rejects.toMatchObject({ message: "broken" });
    expect(opened).toHaveLength(1);
  });

  it("retry-exponential=no keeps the delay constant", async () => {
    const { session } = await started([broken, broken, whole], { "retry-exponential": "no" });
    await using _ended = session;
    await (await session.open()).read(Buffer.alloc(1), 0n);
    expect(session.debugLines.filter((line) => line.includes("waiting 0.001"))).toHaveLength(2);
  });

  it("retry reopens the same export and retries a failed open", async () => {
    const unopened = () => fail("EIO", "not now");
    const { session, opened } = await started([unopened, broken, unopened, unopened, whole]);
    await using _ended = session;
    const disk = await session.open({ exportName: "disk" });
    const into = Buffer.alloc(3);
    await disk.read(into, 0n);
    expect(into).toEqual(Buffer.alloc(3, 5));
    expect(opened).toEqual(Array.from({ length: 5 }, () => ({ readOnly: false, exportName: "disk" })));
  });

  it("retry reports why an open or a reopen failed", async () => {
    const unopened = () => fail("ENOENT", "gone away");
    const never = await started([unopened], { retries: "2" });
    await using _ended = never.session;
    await expect(never.session.open()).rejects.toMatchObject({ code: "ENOENT", message: "gone away" });
    expect(never.opened).toHaveLength(3);
    const again = await started([broken, unopened], { retries: "2" });
    await using _alsoEnded = again.session;
    const disk = await again.session.open();
    await expect(disk.flush()).rejects.toMatchObject({
      code: "ESHUTDOWN",
      message: "the plugin could not be opened again: gone away",
    });
  });

  it("retry counts a failed close as a failure and reopens the plugin", async () => {
    let closes = 0;
    const close = (): void => {
      closes++;
      fail("EIO", "lost data");
    };
    const unclosable = () => ({ ...broken(), close });
    const { session, opened } = await started([unclosable, whole]);
    await using _ended = session;
    const disk = await session.open();
    await disk.read(Buffer.alloc(1), 0n);
    expect({ closes, opened: opened.length }).toEqual({ closes: 1, opened: 2 });
    expect(session.debugLines.join("\n")).toContain("could not be opened again: lost data");
  });

  it("retry-readonly=yes reopens the plugin read-only for the client whose request failed", async () => {
    const { session, opened } = await started([broken, whole], { "retry-readonly": "yes" });
    await using _ended = session;
    const disk = await session.open();
    await disk.read(Buffer.alloc(1), 0n);
    for (const change of [
      () => disk.write(Buffer.alloc(1), 0n, false),
      () => disk.zero(0n, 1, flags),
      () => disk.trim(0n, 1, false),
    ]) {
      await expect(Promise.resolve().then(change)).rejects.toMatchObject({ code: "EROFS" });
    }
    expect(disk.writeNow(Buffer.alloc(1), 0, 1, 0)).toBe(false);
    const other = await session.open();
    await other.write(Buffer.alloc(1), 0n, false);
    expect(opened).toMatchObject([{ readOnly: false }, { readOnly: true }, { readOnly: false }]);
  });

  it("retry handles an export that is smaller or larger after a reopen", async () => {
    const small = () => bufferDisk(Buffer.alloc(100));
    const { session, opened } = await started(
      [broken, small, small, () => bufferDisk(Buffer.alloc(5000, 5))],
      {
        retries: "2",
      },
    );
    await using _ended = session;
    const disk = await session.open();
    await expect(disk.read(Buffer.alloc(10), 500n)).rejects.toMatchObject({
      code: "EIO",
      message: "the plugin's disk now has only 100 bytes",
    });
    expect(disk.readNow(Buffer.alloc(10), 0, 10, 500)).toBe(false);
    await disk.read(Buffer.alloc(10), 500n);
    expect({ size: disk.size, opens: opened.length }).toEqual({ size: BigInt(size), opens: 4 });
    await using other = await TestedChain.start({
      plugin: sequencePlugin([broken, small]).plugin,
      filters: [retry],
      parameters: { "retry-delay": "1ms", retries: "1" },
    });
    const shrunk = await other.open();
    await expect(shrunk.write(Buffer.alloc(10), 500n, false)).rejects.toMatchObject({ code: "ENOSPC" });
  });

  it("retry fails requests that the reopened export does not support any more", async () => {
    const poor = (): Handle => ({ size: BigInt(size), read: whole().read, metaContexts: [] });
    const { session } = await started([() => ({ ...broken(), metaContexts: [context(1n)] }), poor], {
      retries: "1",
    });
    await using _ended = session;
    const disk = await session.open();
    await disk.read(Buffer.alloc(1), 0n);
    const codes: Record<string, string> = {};
    for (const [kind, request] of Object.entries(requests)) {
      await Promise.resolve()
        .then(() => request(disk))
        .catch(({ code }) => {
          codes[kind] = code;
        });
    }
    expect(codes).toEqual({
      write: "EROFS",
      flush: "EIO",
      trim: "EROFS",
      zero: "EROFS",
      cache: "EIO",
      "a metadata context": "EIO",
    });
  });

  it("retry does not retry a fast zero that fails with ENOTSUP", async () => {
    const slow = () => ({ ...whole(), zero: () => fail("ENOTSUP", "slow") });
    const { session, opened } = await started([slow]);
    await using _ended = session;
    const disk = await session.open();
    await expect(disk.zero(0n, 10, { ...flags, fastZero: true })).rejects.toMatchObject({ code: "ENOTSUP" });
    await disk.zero(0n, 10, flags);
    expect(opened).toHaveLength(1);
  });

  it("retry closes a failed handle only when no request is running on it, and reopens once for all failed requests", async () => {
    const steps: string[] = [];
    let finish: () => void = () => {};
    const first = (): Handle => ({
      ...broken(),
      write: () =>
        new Promise<void>((resolve) => {
          finish = () => {
            steps.push("written");
            resolve();
          };
        }),
      close: () => void steps.push("closed"),
    });
    const { session, opened } = await started([first, whole]);
    await using _ended = session;
    const disk = await session.open();
    const written = Promise.resolve(disk.write(Buffer.alloc(1), 0n, false));
    const reads = Array.from({ length: 64 }, () => Promise.resolve(disk.read(Buffer.alloc(1), 0n)));
    await until("all retries", () => session.debugLines.length >= 128);
    finish();
    await Promise.all([written, ...reads]);
    expect(steps).toEqual(["written", "closed"]);
    expect(opened).toHaveLength(2);
  });

  it("retry stops waiting when the client disconnects", async () => {
    const { session } = await started([broken], { "retry-delay": "3600" });
    await using _ended = session;
    const gone = new AbortController();
    const disk = await session.open({ signal: gone.signal });
    const read = Promise.resolve(disk.read(Buffer.alloc(1), 0n));
    const reason = new Error("the client has gone");
    gone.abort(reason);
    await expect(read).rejects.toBe(reason);
  });

  it.each([
    [{ "retry-delay": "0" }, "retry-delay cannot be 0"],
    [{ retries: "-1" }, "retries: negative numbers are not allowed"],
    [{ "retry-exponential": "x" }, "could not decipher boolean (x)"],
  ])("retry refuses the parameters %j", async (parameters, message) => {
    await expect(started([whole], parameters)).rejects.toThrow(message);
  });
});
