import { describe, expect, it } from "vitest";
import type { Handle } from "../../src/contract/handle.ts";
import retryRequest from "../../src/filters/retry-request.ts";
import memory from "../../src/plugins/memory.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { bufferDisk } from "../helpers/memory-session.ts";
import { fail, faultyPlugin, sequenceSession } from "./faulty-plugin.ts";

testPlugin("memory under retry-request", {
  plugin: memory,
  parameters: { size: "100000" },
  filters: [retryRequest],
  runs: 5,
});
testPlugin("a faulty disk under retry-request", {
  plugin: faultyPlugin(20_000),
  parameters: { "retry-request-retries": "1000", "retry-request-delay": "1ms" },
  filters: [retryRequest],
  runs: 10,
});

/** A handle that fails the given number of times and then reads bytes of 5. */
function failing(times: number): Handle {
  let left = times;
  const disk = bufferDisk(Buffer.alloc(1000, 5));
  return { ...disk, read: (...args) => (left-- > 0 ? fail("EIO", `${left} left`) : disk.read(...args)) };
}

const started = (handles: readonly (() => Handle)[], parameters: Record<string, string> = {}) =>
  sequenceSession(retryRequest, handles, { "retry-request-delay": "1ms", ...parameters });

describe("retry-request", () => {
  it("retry-request sends a request again to the same open handle", async () => {
    const { session, opened } = await started([() => failing(2)]);
    await using _ended = session;
    const into = Buffer.alloc(2);
    await (await session.open()).read(into, 0n);
    expect(into).toEqual(Buffer.alloc(2, 5));
    expect(opened).toHaveLength(1);
    expect(session.debugLines).toContain("retry 2: waiting 0.001 seconds before retrying");
  });

  it("retry-request gives up after the maximum number of retries, with the last error", async () => {
    const { session } = await started([() => failing(9)], { "retry-request-retries": "3" });
    await using _ended = session;
    const disk = await session.open();
    await expect(disk.read(Buffer.alloc(1), 0n)).rejects.toMatchObject({ message: "5 left" });
  });

  it("retry-request retries a failed open, except with retry-request-open=no", async () => {
    const unopened = () => fail("EACCES", "not now");
    const patient = await started([unopened, unopened, () => failing(0)]);
    await using _ended = patient.session;
    await patient.session.open();
    expect(patient.opened).toHaveLength(3);
    const strict = await started([unopened], { "retry-request-open": "false" });
    await using _alsoEnded = strict.session;
    await expect(strict.session.open()).rejects.toMatchObject({ code: "EACCES" });
    expect(strict.opened).toHaveLength(1);
  });

  it("retry-request sends a failed write with FUA again as a whole", async () => {
    const calls: string[] = [];
    const disk = (): Handle => ({
      ...bufferDisk(Buffer.alloc(1000)),
      nativeFua: false,
      write: () => void calls.push("write"),
      flush: () => (calls.push("flush") < 4 ? fail("EIO", "not flushed") : undefined),
    });
    const { session } = await started([disk]);
    await using _ended = session;
    await (await session.open()).write(Buffer.alloc(1), 0n, true);
    expect(calls).toEqual(["write", "flush", "write", "flush"]);
  });

  it.each([
    [{ "retry-request-delay": "0" }, "retry-request-delay cannot be 0"],
    [{ "retry-request-retries": "1001" }, "retry-request-retries: 1001 is out of range"],
  ])("retry-request refuses the parameters %j", async (parameters, message) => {
    await expect(started([() => failing(0)], parameters)).rejects.toThrow(message);
  });
});
