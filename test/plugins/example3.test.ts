import { describe, expect, it } from "vitest";
import example3 from "../../src/plugins/example3.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { descriptorsOn } from "../helpers/descriptors.ts";

testPlugin("example3", { plugin: example3, parameters: { size: "100000" }, runs: 10 });

describe("example3", () => {
  it("has a size of 100M by default, and takes no disk space for it", async () => {
    await using session = await TestedChain.start({ plugin: example3, parameters: {} });
    const disk = await session.open();
    expect(disk.size).toBe(100n * 1024n * 1024n);
    expect(await disk.extents(0n, 2 ** 20, false)).toEqual([{ length: disk.size, hole: true, zero: true }]);
  });

  it("gives every client an empty disk of its own", async () => {
    await using session = await TestedChain.start({ plugin: example3, parameters: { size: "512" } });
    const [first, second] = [await session.open(), await session.open()];
    await first.write(Buffer.alloc(512, 1), 0n, true);
    expect(await contents(first)).toEqual(Buffer.alloc(512, 1));
    expect(await contents(second)).toEqual(Buffer.alloc(512));
    expect(first.canMultiConn).toBe(false);
  });

  it.skipIf(process.platform !== "linux")("closes all descriptors", async () => {
    const open = (): number => descriptorsOn("nbdkit-example3");
    await using session = await TestedChain.start({ plugin: example3, parameters: {} });
    const disk = await session.open();
    expect(open()).toBe(1);
    await session.close(disk);
    expect(open()).toBe(0);
    const tooLarge = await TestedChain.start({
      plugin: example3,
      parameters: { size: "9223372036854775807" },
    });
    // A file system that supports such a large file reports no error.
    await tooLarge.open().catch((error) => expect(error.code).toBe("EFBIG"));
    await tooLarge[Symbol.asyncDispose]();
    expect(open()).toBe(0);
  });
});
