import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import file from "../../src/plugins/file.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { Folder } from "../helpers/folder.ts";
import { someClient } from "../helpers/hosts.ts";

const folder = new Folder();
const socket = createServer();
let directoryFd: number;
let fileFd: number;

beforeAll(async () => {
  fileFd = openSync(folder.sparseFile("disk", 512), "r");
  directoryFd = openSync(folder.path, "r");
  mkdirSync(folder.join("sub"));
  execFileSync("mkfifo", [folder.join("pipe")]);
  symlinkSync("disk", folder.join("link"));
  symlinkSync("nowhere", folder.join("dangling"));
  await new Promise<void>((resolve) => socket.listen(folder.join("socket"), resolve));
});
afterAll(() => {
  closeSync(fileFd);
  closeSync(directoryFd);
  socket.close();
  folder[Symbol.dispose]();
});

const configure = (parameters: Record<string, string | string[]>): Promise<TestedChain> =>
  TestedChain.start({ plugin: file, parameters });

describe("file refuses with a one-line reason", () => {
  const onlyOnce = "file|dir|fd|dirfd parameter can only appear once on the command line: ";
  const refused: readonly (readonly [string, () => Record<string, string | string[]>, string])[] = [
    [
      "nothing",
      () => ({}),
      "you must supply [file=]<FILENAME>, dir=<DIRNAME>, fd=<FD> or dirfd=<FD> parameter after the plugin",
    ],
    [
      "two of a kind",
      () => ({ file: "a", dir: "b" }),
      `${onlyOnce}file= and dir= cannot be used at the same time`,
    ],
    [
      "fd= beside file=",
      () => ({ file: "a", fd: "9" }),
      `${onlyOnce}file= and fd= cannot be used at the same time`,
    ],
    ["two files", () => ({ file: ["a", "a"] }), `${onlyOnce}file= was given again`],
    ["two directories", () => ({ dir: ["a", "b"] }), `${onlyOnce}dir= was given again`],
    ["two descriptors", () => ({ fd: ["9", "9"] }), `${onlyOnce}fd= was given again`],
    ["two descriptors of directories", () => ({ dirfd: ["9", "9"] }), `${onlyOnce}dirfd= was given again`],
    ["an empty name", () => ({ file: "" }), "cannot resolve a null or empty path"],
    ["a missing file", () => ({ file: "/nonexist" }), "realpath: /nonexist: No such file or directory"],
    ["a missing directory", () => ({ dir: "/nonexist" }), "realpath: /nonexist: No such file or directory"],
    ["a directory as file=", () => ({ file: folder.path }), `use dir= to serve files within ${folder.path}`],
    ["a file as dir=", () => ({ dir: folder.join("disk") }), `expecting a directory: ${folder.path}/disk`],
    ["a pipe", () => ({ file: folder.join("pipe") }), "file is not regular or block device: "],
    ["a character device", () => ({ file: "/dev/null" }), "file is not regular or block device: /dev/null"],
    ["an unknown cache mode", () => ({ file: "a", cache: "x" }), "unknown cache mode: x"],
    ["an unknown advice", () => ({ file: "a", fadvise: "x" }), "unknown fadvise mode: x"],
    ["stdin as fd=", () => ({ fd: "0" }), "file descriptor must be > 2"],
    ["a directory as fd=", () => ({ fd: String(directoryFd) }), "fd is not regular or block device"],
    ["a file as dirfd=", () => ({ dirfd: String(fileFd) }), "dirfd is not a directory"],
    ["a closed descriptor", () => ({ fd: "99999" }), "fd=99999: not an open descriptor: Bad file descriptor"],
  ];
  for (const [what, parameters, message] of refused) {
    it(what, async () => {
      const error = await configure(parameters()).then(
        () => undefined,
        (reason: Error) => reason,
      );
      expect(error?.message).toContain(message);
      expect(error?.message).not.toContain("\n");
    });
  }
});

describe("file with dir=", () => {
  it("lists the files that can be served, including symbolic links", async () => {
    await using session = await configure({ dir: folder.path });
    const exports = await session.chain.listExports(someClient);
    expect(exports).toEqual([{ name: "disk" }, { name: "link" }]);
  });

  it("serves a file by its name, also through symbolic links", async () => {
    await using session = await configure({ dir: folder.path });
    expect((await session.open({ exportName: "link" })).size).toBe(512n);
  });

  for (const name of ["", ".", "..", "sub", "pipe", "socket", "a/b", "../disk", "nix", "dangling", "nul\0"]) {
    it(`refuses ${JSON.stringify(name)} without naming the directory`, async () => {
      await using session = await configure({ dir: folder.path });
      const error = await session.open({ exportName: name }).catch((reason: Error) => reason);
      expect(error).toMatchObject({ code: expect.stringMatching(/^(ENOENT|EINVAL)$/) });
      expect((error as Error).message).not.toContain(folder.path);
    });
  }

  it("serves the same directory after the server has changed its working directory", async () => {
    const before = process.cwd();
    process.chdir(folder.path);
    try {
      await using session = await configure({ dir: "." });
      process.chdir("/");
      expect((await session.open({ exportName: "disk" })).size).toBe(512n);
    } finally {
      process.chdir(before);
    }
  });
});
