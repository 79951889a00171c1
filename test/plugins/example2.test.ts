import { truncateSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import example2 from "../../src/plugins/example2.ts";
import { pattern } from "../../src/testing/marks.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { Folder } from "../helpers/folder.ts";

const folder = new Folder();
afterAll(() => folder[Symbol.dispose]());
const file = folder.file("disk", pattern(50_000, 1));

testPlugin("example2", { plugin: example2, parameters: { file }, runs: 10 });

describe("example2", () => {
  it("serves the file read-only", async () => {
    await using session = await TestedChain.start({ plugin: example2, parameters: { file } });
    const disk = await session.open();
    expect(await contents(disk)).toEqual(Buffer.from(pattern(50_000, 1)));
    expect(disk.canWrite).toBe(false);
  });

  it("closes the file when the client disconnects", async () => {
    await using session = await TestedChain.start({ plugin: example2, parameters: { file } });
    const disk = await session.open();
    expect(folder.descriptors()).toBe(1);
    await session.close(disk);
    expect(folder.descriptors()).toBe(0);
  });

  it("fails reads beyond the end of a truncated file", async () => {
    const short = folder.file("short", pattern(1000, 1));
    await using session = await TestedChain.start({ plugin: example2, parameters: { file: short } });
    const disk = await session.open();
    truncateSync(short, 600);
    await expect(contents(disk)).rejects.toMatchObject({ code: "EIO" });
    expect(await contents(disk, 0n, 600)).toEqual(Buffer.from(pattern(600, 1)));
  });

  it("logs the file's size with -D example2.extra=1", async () => {
    const options = { plugin: example2, parameters: { file }, debugFlags: { extra: 1 } };
    await using session = await TestedChain.start(options);
    await session.open();
    expect(session.debugLines).toEqual(["extra debugging: the file has 50000 bytes"]);
  });

  it.each([
    [{}, "you must specify file=<FILENAME> on the command line"],
    [{ file: "" }, "cannot resolve a null or empty path"],
    [{ file: "/nonexist" }, "realpath: /nonexist: No such file or directory"],
  ])("refuses %o", async (parameters, message) => {
    await expect(TestedChain.start({ plugin: example2, parameters })).rejects.toThrow(message);
  });
});
