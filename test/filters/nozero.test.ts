import { describe, expect, it } from "vitest";
import nozero from "../../src/filters/nozero.ts";
import type { ServedExport } from "../../src/served/served-export.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { overMemory, RecordingDisk, zeroFlags } from "./disks.ts";

for (const zeromode of ["none", "emulate", "notrim", "plugin"]) {
  testPlugin(`nozero with ${zeromode}`, { ...overMemory(nozero, { zeromode }), runs: 5 });
}

describe("nozero", () => {
  const fast = { ...zeroFlags, fastZero: true };

  async function opened(
    parameters: Record<string, string>,
    disk = new RecordingDisk(),
  ): Promise<AsyncDisposable & { readonly exported: ServedExport; readonly calls: readonly string[] }> {
    const session = await TestedChain.start({ plugin: disk.plugin, filters: [nozero], parameters });
    return {
      exported: await session.open(),
      calls: disk.calls,
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    };
  }

  it("nozero offers no zero requests by default", async () => {
    await using disk = await opened({});
    expect(disk.exported).toMatchObject({ canZero: false, canFastZero: false, canWrite: true });
  });

  it("zeromode=emulate writes zeroes and refuses fast zeroes", async () => {
    await using disk = await opened({ zeromode: "emulate" });
    await disk.exported.zero(0n, 512, zeroFlags);
    expect(disk.calls).toEqual(["write"]);
    await expect(disk.exported.zero(0n, 512, fast)).rejects.toMatchObject({ code: "ENOTSUP" });
  });

  it.each([
    ["emulate", "none", false],
    ["emulate", "default", true],
    ["plugin", "none", false],
    ["plugin", "slow", true],
    ["notrim", "ignore", true],
  ])("zeromode=%s fastzeromode=%s offers fast zeroes: %s", async (zeromode, fastzeromode, offered) => {
    await using disk = await opened({ zeromode, fastzeromode });
    expect(disk.exported).toMatchObject({ canZero: true, canFastZero: offered });
  });

  it("nozero removes the flags that the modes forbid", async () => {
    const flags: unknown[] = [];
    const zero = (_offset: bigint, _length: number, given: unknown) => void flags.push(given);
    const parameters = { zeromode: "notrim", fastzeromode: "ignore" };
    await using disk = await opened(parameters, new RecordingDisk({ zero }));
    await disk.exported.zero(0n, 512, fast);
    expect(flags).toEqual([{ fua: false, mayTrim: false, fastZero: false }]);
  });

  it("fastzeromode=slow refuses fast zeroes", async () => {
    await using disk = await opened({ zeromode: "plugin", fastzeromode: "slow" });
    await expect(disk.exported.zero(0n, 512, fast)).rejects.toMatchObject({ code: "ENOTSUP" });
    expect(disk.calls).toEqual([]);
  });

  it("zeromode=plugin refuses a plugin that cannot zero", async () => {
    const parameters = { zeromode: "plugin" };
    const opening = opened(parameters, new RecordingDisk({ write: undefined } as object));
    await expect(opening).rejects.toThrow("zeromode 'plugin' requires a plugin that can zero");
  });
});
