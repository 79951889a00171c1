import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { AnyPlugin } from "../../src/chain/component.ts";
import readonly from "../../src/filters/readonly.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { Folder } from "../helpers/folder.ts";
import { overMemory, RecordingDisk, zeroFlags } from "./disks.ts";

testPlugin("readonly over memory", { ...overMemory(readonly), runs: 5 });
testPlugin("readonly without its file", {
  ...overMemory(readonly, { "readonly-file": "/nonexistent/file" }),
  runs: 5,
});

describe("readonly", () => {
  it("readonly advertises a read-only export and opens the plugin read-only", async () => {
    const asked: boolean[] = [];
    const { plugin } = new RecordingDisk();
    const watched: AnyPlugin = {
      ...plugin,
      open(state, request) {
        asked.push(request.readOnly);
        return plugin.open(state, request);
      },
    };
    await using session = await TestedChain.start({ plugin: watched, filters: [readonly], parameters: {} });
    expect(await session.open()).toMatchObject({ canWrite: false, canTrim: false, canZero: false });
    expect(asked).toEqual([true]);
  });

  it("readonly-file refuses changes only while the file exists", async () => {
    using folder = new Folder();
    const disk = new RecordingDisk();
    const parameters = { "readonly-file": folder.join("lock") };
    await using session = await TestedChain.start({ plugin: disk.plugin, filters: [readonly], parameters });
    const exported = await session.open();
    await exported.write(Buffer.from("a"), 0n, false);
    folder.file("lock", "");
    const refused = expect.objectContaining({ code: "EPERM" });
    expect(() => exported.write(Buffer.from("b"), 0n, false)).toThrow(refused);
    expect(() => exported.trim(0n, 1, false)).toThrow(refused);
    await expect(exported.zero(0n, 1, zeroFlags)).rejects.toEqual(refused);
    await exported.read(Buffer.alloc(1), 0n);
    rmSync(folder.join("lock"));
    await exported.write(Buffer.from("c"), 1n, false);
    expect(disk.bytes.subarray(0, 2).toString()).toBe("ac");
  });

  it("readonly refuses a second readonly-file", async () => {
    const parameters = { "readonly-file": ["a", "b"] };
    const session = TestedChain.start({
      plugin: new RecordingDisk().plugin,
      filters: [readonly],
      parameters,
    });
    await expect(session).rejects.toThrow("readonly-file parameter appears multiple times");
  });
});
