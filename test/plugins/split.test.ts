import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import split from "../../src/plugins/split.ts";
import { pattern } from "../../src/testing/marks.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { contents } from "../helpers/contents.ts";
import { Folder } from "../helpers/folder.ts";

const folder = new Folder();
afterAll(() => folder[Symbol.dispose]());

let made = 0;
/** Creates files of these sizes. Each file is filled with a different byte. */
function files(...sizes: readonly number[]): readonly string[] {
  return sizes.map((size) => folder.file(`part${++made}`, pattern(size, made)));
}

const start = (...file: readonly string[]) => TestedChain.start({ plugin: split, parameters: { file } });

testPlugin("split", {
  plugin: split,
  parameters: () => ({ file: files(5000, 1, 0, 4096, 70_000, 513) }),
  runs: 10,
});
testPlugin("split of one file", { plugin: split, parameters: () => ({ file: files(10_000) }), runs: 5 });

describe("split", () => {
  it("concatenates the files in the order of the command line", async () => {
    const parts = files(1000, 3, 5000);
    await using session = await start(parts[2]!, parts[0]!, parts[1]!, parts[0]!);
    const expected = [parts[2]!, parts[0]!, parts[1]!, parts[0]!].map((path) => readFileSync(path));
    expect(await contents(await session.open())).toEqual(Buffer.concat(expected));
  });

  it("writes each part of a request to its file at the right offset", async () => {
    const parts = files(1000, 1000, 1000);
    await using session = await start(...parts);
    const disk = await session.open();
    const bytes = Buffer.from(pattern(1500, 99));
    await disk.write(bytes, 700n, true);
    const whole = Buffer.concat(parts.map((path) => readFileSync(path)));
    expect(whole.subarray(700, 2200)).toEqual(bytes);
    expect(parts.map((path) => readFileSync(path).length)).toEqual([1000, 1000, 1000]);
  });

  it("reports the holes of all files", async () => {
    const sparse = folder.sparseFile("sparse", 1 << 20);
    const fd = openSync(sparse, "r+");
    writeSync(fd, "x", 1 << 19);
    closeSync(fd);
    const [data] = files(4096);
    await using session = await start(data!, sparse, sparse);
    const extents = await (await session.open()).extents(0n, 4096 + (2 << 20), false);
    expect(extents.map(({ length, hole }) => [Number(length), hole])).toEqual([
      [4096, false],
      [1 << 19, true],
      [4096, false],
      [(1 << 20) - 4096, true],
      [4096, false],
      [(1 << 19) - 4096, true],
    ]);
  });

  it("closes all files, also when one of them cannot be opened", async () => {
    const parts = files(10, 10);
    await using session = await start(...parts);
    const disk = await session.open();
    expect(folder.descriptors()).toBe(2);
    await session.close(disk);
    expect(folder.descriptors()).toBe(0);
    mkdirSync(folder.join("folder"));
    await using broken = await start(...parts, folder.join("folder"));
    await expect(broken.open()).rejects.toThrow(`open: ${folder.path}/folder: `);
    expect(folder.descriptors()).toBe(0);
  });

  it("serves files without write permission to read-only clients", async () => {
    const parts = files(10, 10);
    for (const part of parts) chmodSync(part, 0o444);
    chmodSync(folder.path, 0o755);
    await using session = await start(...parts);
    using _ = asNobody();
    await expect(session.open()).rejects.toThrow("Permission denied");
    expect(await session.open({ readOnly: true })).toMatchObject({ canWrite: false, size: 20n });
  });

  it("refuses missing files, and a command line without a file", async () => {
    await expect(start("/nonexist")).rejects.toThrow("realpath: /nonexist: No such file or directory");
    await expect(start()).rejects.toThrow("you must specify file=<FILENAME> on the command line");
  });
});

/** True for root, which has write permission for every file. */
function asNobody(): Disposable {
  const isRoot = process.getuid!() === 0;
  if (isRoot) process.seteuid!(65_534);
  return { [Symbol.dispose]: () => isRoot && process.seteuid!(0) };
}
