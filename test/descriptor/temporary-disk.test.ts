import { describe, expect, it } from "vitest";
import { TemporaryDisk } from "../../src/descriptor/temporary-disk.ts";
import { Random } from "../../src/testing/random.ts";

const terabyte = 2n ** 40n;

describe("a temporary disk", () => {
  it.each([0n, 16n * terabyte, 2n ** 50n - 3n, 2n ** 63n - 20_000n])(
    "keeps what is written at offset %d, whatever the largest file of the file system is",
    async (offset) => {
      const disk = new TemporaryDisk("nbdkit-test");
      const bytes = new Random(1).bytes(10_000);
      await disk.write(bytes, offset);
      const back = Buffer.alloc(bytes.length);
      await disk.read(back, offset);
      expect(back).toEqual(bytes);
      disk.close();
    },
  );

  it("writes, reads and frees ranges that lie in two files", async () => {
    const disk = new TemporaryDisk("nbdkit-test");
    const bytes = new Random(2).bytes(100_000);
    const start = 8n * terabyte - 65_536n;
    expect(disk.writeNow(bytes, 0, bytes.length, Number(start))).toBe(false);
    await disk.write(bytes, start);
    const back = Buffer.alloc(bytes.length);
    await disk.read(back, start);
    expect(back).toEqual(bytes);
    await disk.free(start, 65_536n * 2n);
    await disk.read(back, start);
    expect(back).toEqual(Buffer.alloc(bytes.length));
    disk.close();
  });
});
