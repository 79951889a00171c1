import { describe, expect, it } from "vitest";
import nocache from "../../src/filters/nocache.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { overMemory, RecordingDisk } from "./disks.ts";

testPlugin("nocache over memory", { ...overMemory(nocache), runs: 5 });

describe("nocache", () => {
  it.each([
    ["none", false, []],
    ["emulate", true, ["read"]],
    ["nop", true, []],
    ["no-op", true, []],
  ] as const)(
    "cachemode=%s advertises cache requests (%s) and sends %j to the disk",
    async (cachemode, offered, calls) => {
      const disk = new RecordingDisk();
      await using session = await TestedChain.start({
        plugin: disk.plugin,
        filters: [nocache],
        parameters: { cachemode },
      });
      const exported = await session.open();
      expect(exported.canCache).toBe(offered);
      if (offered) await exported.cache(0n, 512);
      expect(disk.calls).toEqual(calls);
    },
  );
});
