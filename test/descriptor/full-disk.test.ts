import { describe, expect, it } from "vitest";
import file from "../../src/plugins/file.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { SmallFileSystem, whyNot } from "../helpers/system.ts";

const reason = whyNot(() => new SmallFileSystem(1 << 20));

describe.skipIf(reason !== undefined)(`file on a full disk${reason ? ` (${reason})` : ""}`, () => {
  it("fails writes with ENOSPC and continues to serve", async () => {
    using small = new SmallFileSystem(1 << 20);
    const path = small.folder.sparseFile("disk", 10 << 20);
    await using session = await TestedChain.start({ plugin: file, parameters: { file: path } });
    const disk = await session.open();
    await expect(disk.write(Buffer.alloc(2 << 20, 1), 0n, false)).rejects.toMatchObject({
      code: "ENOSPC",
      message: `pwrite: ${path}: offset=0, count=2097152: No space left on device`,
    });
    const zeroed = disk.zero(0n, 2 << 20, { fua: false, mayTrim: false, fastZero: false });
    await expect(zeroed).rejects.toMatchObject({
      code: "ENOSPC",
      message: `zero: ${path}: offset=0, count=2097152: No space left on device`,
    });
    await disk.trim(0n, 2 << 20, false);
    await disk.write(Buffer.alloc(4096, 1), 0n, true);
  });
});
