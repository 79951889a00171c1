import { describe, expect, it } from "vitest";
import { allocate } from "../../src/allocator/allocate.ts";
import { hasZstd } from "../../src/allocator/zstd.ts";
import { definePlugin } from "../../src/backend/plugin.ts";
import { pattern } from "../../src/testing/model.ts";
import { testPlugin } from "../helpers/conformance.ts";

function plugin(size: bigint) {
  return definePlugin({
    name: "zstd",
    configComplete: () => allocate("nbdkit-test", size, { kind: "zstd", mlock: false }),
    open: ({ handle }) => handle,
    unload: (disk) => disk.dispose(),
  });
}

const reason = hasZstd() ? "" : ` (skipped: needs Node.js 22.15, this is ${process.version})`;

describe.skipIf(!hasZstd())(`a compressed disk${reason}`, () => {
  testPlugin("zstd", { plugin: plugin(300_000n), runs: 20 });
  testPlugin("zstd of the largest size", { plugin: plugin(2n ** 63n - 1n), runs: 10 });

  const open = async (size: bigint) =>
    (await allocate("nbdkit-test", size, { kind: "zstd", mlock: false })).handle;

  it("takes less memory than it holds", async () => {
    const { ZstdDisk } = await import("../../src/allocator/zstd-disk.ts");
    const disk = new ZstdDisk(2n ** 30n);
    for (let at = 0; at < 8; at++) {
      await disk.write(Buffer.from(pattern(2 ** 20, at)), BigInt(at) * 2n ** 20n);
    }
    expect(disk.storedBytes).toBeGreaterThan(0);
    expect(disk.storedBytes).toBeLessThan(2 ** 20);
    const last = Buffer.alloc(2 ** 20);
    await disk.read(last, 7n * 2n ** 20n);
    expect(last).toEqual(Buffer.from(pattern(2 ** 20, 7)));
    disk.zero(0n, 2 ** 23);
    expect(disk.storedBytes).toBe(0);
  });

  it("is a hole wherever it is zero, also where zeroes were written", async () => {
    const disk = await open(2n ** 62n);
    const far = 2n ** 61n;
    await disk.write!(Buffer.from("x"), far + 100n, { fua: false });
    expect(await disk.extents!(far - 65_536n, 2 ** 40, false)).toEqual([
      { length: 65_536n, hole: true, zero: true },
      { length: 32_768n, hole: false, zero: false },
      { length: 2n ** 40n - 65_536n - 32_768n, hole: true, zero: true },
    ]);
    await disk.write!(Buffer.alloc(1), far + 100n, { fua: false });
    expect(await disk.extents!(far, 4096, false)).toEqual([{ length: 4096n, hole: true, zero: true }]);
  });
});
