import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { environment, nbdkit, succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";

const MiB = 1024 * 1024;
const size = 32 * MiB;

describeWith(["nbdcopy", "nbdinfo", "fallocate"], "nbdcopy", () => {
  let folder: Folder;
  let source: string;
  beforeEach(() => {
    folder = new Folder();
    source = folder.join("source.img");
    writeFileSync(source, Buffer.concat([randomBytes(3 * MiB), Buffer.alloc(20 * MiB), randomBytes(MiB)]));
    truncateSync(source, size);
    execFileSync("fallocate", ["--dig-holes", source]);
  });
  afterEach(() => folder[Symbol.dispose]());

  const sha256 = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

  const map = async (uri: string): Promise<number[][]> => {
    const extents = JSON.parse(await succeed("nbdinfo", ["--json", "--map", uri])) as {
      offset: number;
      length: number;
      type: number;
    }[];
    return extents.map(({ offset, length, type }) => [offset, length, type]);
  };

  const holesAndData = [
    [0, 3 * MiB, 0],
    [3 * MiB, 20 * MiB, 3],
    [23 * MiB, MiB, 0],
    [24 * MiB, 8 * MiB, 3],
  ];

  describe.each([
    ["memory", () => ["memory", String(size)]],
    ["file", () => ["file", folder.sparseFile("disk.img", size)]],
  ])("with %s", (_, args) => {
    it.each([
      ["one connection", ["--connections=1"]],
      ["four connections", ["--connections=4", "--threads=2"]],
      ["many small requests in flight", ["--connections=2", "--requests=64", "--request-size=32768"]],
      ["the largest requests", ["--connections=2", "--request-size=33554432"]],
      ["one request after the other", ["--synchronous"]],
    ])("copies in and out with %s, and keeps the holes", async (_, flags) => {
      await using server = await ServerProcess.start(args());
      await succeed("nbdcopy", [...flags, "--flush", source, server.uri()]);
      const found = await map(server.uri());
      // nbdcopy --synchronous writes zeroes where the other modes punch holes.
      if (!flags.includes("--synchronous")) expect(found).toEqual(holesAndData);
      await succeed("nbdcopy", [...flags, server.uri(), folder.join("copy.img")]);
      expect(sha256(folder.join("copy.img"))).toBe(sha256(source));
      expect(statSync(folder.join("copy.img")).blocks * 512).toBeLessThan(6 * MiB);
    });

    it("copies over existing data", async () => {
      await using server = await ServerProcess.start(args());
      const noise = folder.join("noise.img");
      writeFileSync(noise, randomBytes(size));
      await succeed("nbdcopy", [noise, server.uri()]);
      await succeed("nbdcopy", [source, server.uri()]);
      await succeed("nbdcopy", [server.uri(), folder.join("copy.img")]);
      expect(sha256(folder.join("copy.img"))).toBe(sha256(source));
    });
  });

  it("copies from one server to another", async () => {
    await using from = await ServerProcess.start(["-r", "file", source]);
    await using to = await ServerProcess.start(["memory", String(size)]);
    await succeed("nbdcopy", [from.uri(), to.uri()]);
    expect(await map(to.uri())).toEqual(holesAndData);
    await succeed("nbdcopy", [to.uri(), folder.join("copy.img")]);
    expect(sha256(folder.join("copy.img"))).toBe(sha256(source));
  });

  it("starts the servers of source and destination itself", async () => {
    const copy = folder.sparseFile("copy.img", size);
    await succeed("nbdcopy", ["--", "[", nbdkit, "-r", "file", source, "]", "[", nbdkit, "file", copy, "]"]);
    expect(sha256(copy)).toBe(sha256(source));
  });

  it("pipes a server's disk to another program", () => {
    execFileSync("/bin/sh", ["-c", 'nbdcopy -- [ "$0" -r file "$1" ] - | cmp - "$1"', nbdkit, source], {
      env: environment,
    });
  });
});
