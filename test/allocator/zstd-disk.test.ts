import { deflateRawSync, inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { hasZstd } from "../../src/allocator/zstd.ts";
import { type Codec, ZstdDisk } from "../../src/allocator/zstd-disk.ts";
import type { Handle } from "../../src/contract/handle.ts";
import { definePlugin } from "../../src/contract/plugin.ts";
import { pattern } from "../../src/testing/marks.ts";
import { testPlugin } from "../helpers/conformance.ts";

/** A codec for Node 20, which has no zstd. The disk works with any codec. */
const deflate: Codec = { compress: deflateRawSync, decompress: inflateRawSync };
const [name, codec] = hasZstd() ? ["zstd", undefined] : ["deflate", deflate];

function plugin(size: bigint) {
  return definePlugin({
    name: "zstd",
    configComplete: () => new ZstdDisk(size, codec),
    open: (disk) => disk,
    unload: (disk) => disk.dispose(),
  });
}

describe(`a compressed disk, with ${name},`, () => {
  testPlugin("zstd", { plugin: plugin(300_000n), runs: 20 });
  testPlugin("zstd of the largest size", { plugin: plugin(2n ** 63n - 1n), runs: 10 });

  const open = (size: bigint): Handle => new ZstdDisk(size, codec);

  it("takes less memory than the size of its data", async () => {
    const disk = new ZstdDisk(2n ** 30n, codec);
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

  it("reports pages of zeroes as holes, also after zeroes were written", async () => {
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
