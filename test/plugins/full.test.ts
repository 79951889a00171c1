import { describe, expect, it } from "vitest";
import full from "../../src/plugins/full.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";

const subject = { plugin: full, parameters: { size: "100000" } };
testPlugin("full", { ...subject, writes: "refused" });

describe("full", () => {
  const flags = { fua: false, mayTrim: true, fastZero: false };

  it("refuses every write, trim and zero with ENOSPC", async () => {
    await using session = await TestedChain.start(subject);
    const disk = await session.open();
    expect(() => disk.write(Buffer.alloc(1), 0n, false)).toThrow("the disk is full");
    expect(() => disk.trim(0n, 1, false)).toThrow(expect.objectContaining({ code: "ENOSPC" }));
    await expect(disk.zero(0n, 1, flags)).rejects.toMatchObject({ code: "ENOSPC" });
    await expect(disk.zero(0n, 1, { ...flags, fastZero: true })).rejects.toMatchObject({ code: "ENOTSUP" });
    expect(disk).toMatchObject({ canFlush: false, canFua: false, canFastZero: true });
  });

  it("reports the whole disk as a hole", async () => {
    await using session = await TestedChain.start(subject);
    const disk = await session.open();
    expect(await disk.extents(10n, 1000, false)).toEqual([
      { length: disk.size - 10n, hole: true, zero: true },
    ]);
  });
});
