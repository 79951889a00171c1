import { describe, expect, it } from "vitest";
import rotational from "../../src/filters/rotational.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { overMemory, RecordingDisk } from "./disks.ts";

testPlugin("rotational over memory", { ...overMemory(rotational), runs: 5 });

describe("rotational", () => {
  it.each([
    [{}, true],
    [{ rotational: "true" }, true],
    [{ rotational: "false" }, false],
    [{ rotational: ["true", "0"] }, false],
  ])("rotational with %j advertises %s", async (parameters, expected) => {
    const { plugin } = new RecordingDisk({ rotational: !expected });
    await using session = await TestedChain.start({ plugin, filters: [rotational], parameters });
    expect((await session.open()).rotational).toBe(expected);
  });

  it("rotational lets worker threads serve the disk", async () => {
    await using session = await TestedChain.start(overMemory(rotational));
    expect((await session.open()).transferable?.layers).toEqual([
      { kind: "values", changes: { rotational: true } },
    ]);
  });

  it("rotational refuses a value that is no boolean", async () => {
    const session = TestedChain.start(overMemory(rotational, { rotational: "maybe" }));
    await expect(session).rejects.toThrow("could not decipher boolean (maybe)");
  });
});
