import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { statSync, truncateSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { captive, succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";

const MiB = 1024 * 1024;
const size = 16 * MiB;

describeWith(["qemu-img", "qemu-io", "fallocate"], "qemu", () => {
  let folder: Folder;
  beforeEach(() => {
    folder = new Folder();
  });
  afterEach(() => folder[Symbol.dispose]());

  /** 1 MiB of random data, a hole, 64 KiB of random data, a hole up to the end. */
  function image(name = "source.img"): string {
    const path = folder.join(name);
    writeFileSync(path, Buffer.concat([randomBytes(MiB), Buffer.alloc(MiB), randomBytes(65_536)]));
    truncateSync(path, size);
    execFileSync("fallocate", ["--dig-holes", path]);
    return path;
  }

  /** Returns the ranges that `qemu-img map` reports as data, as [start, length]. */
  function dataOf(map: string): [number, number][] {
    const found = JSON.parse(map) as { start: number; length: number; data: boolean }[];
    return found.filter(({ data }) => data).map(({ start, length }) => [start, length]);
  }

  const data = [
    [0, MiB],
    [2 * MiB, 65_536],
  ];

  describe.each([
    ["memory", () => ["memory", String(size)]],
    ["file", () => ["file", folder.sparseFile("disk.img", size)]],
  ])("with %s", (_, args) => {
    it("copies an image to the server, finds it identical, and sees its holes", async () => {
      const source = image();
      await using server = await ServerProcess.start(args());
      const raw = ["-f", "raw"];
      await succeed("qemu-img", ["convert", "-n", ...raw, "-O", "raw", source, server.uri()]);
      await succeed("qemu-img", ["compare", ...raw, "-F", "raw", source, server.uri()]);
      expect(dataOf(await succeed("qemu-img", ["map", ...raw, "--output=json", server.uri()]))).toEqual(data);
      await succeed("qemu-img", ["convert", ...raw, "-O", "raw", server.uri(), folder.join("back.img")]);
      await succeed("qemu-img", ["compare", ...raw, "-F", "raw", source, folder.join("back.img")]);
      expect(statSync(folder.join("back.img")).blocks * 512).toBeLessThan(2 * MiB);
    });

    it("converts to qcow2, in a file and on the server", async () => {
      const source = image();
      await using server = await ServerProcess.start(args());
      await succeed("qemu-img", ["create", "-f", "qcow2", server.uri(), "8M"]);
      truncateSync(source, 8 * MiB);
      await succeed("qemu-img", ["convert", "-n", "-f", "raw", "-O", "qcow2", source, server.uri()]);
      await succeed("qemu-img", ["compare", "-f", "raw", "-F", "qcow2", source, server.uri()]);
      await succeed("qemu-img", ["check", "-f", "qcow2", server.uri()]);
      await succeed("qemu-img", [
        "convert",
        "-f",
        "qcow2",
        "-O",
        "qcow2",
        server.uri(),
        folder.join("out.qcow2"),
      ]);
      await succeed("qemu-img", ["compare", "-f", "raw", "-F", "qcow2", source, folder.join("out.qcow2")]);
    });

    it("reads back what it wrote, zeroed, discarded and flushed", async () => {
      const commands = [
        "write -P 0x55 0 1M",
        "read -P 0x55 0 1M",
        "write -z 64k 64k",
        "write -zu 192k 64k",
        "write -zn 320k 64k",
        "write -f -P 3 448k 4k",
        "write -zf 452k 4k",
        "discard 512k 64k",
        "flush",
        "aio_write -P 7 2M 1M",
        "aio_write -P 8 3M 1M",
        "aio_flush",
        "writev -P 9 4M 512 1024 4096",
        "read -P 0 64k 64k",
        "read -P 0x55 128k 64k",
        "read -P 0 192k 64k",
        "read -P 0 320k 64k",
        "read -P 3 448k 4k",
        "read -P 0 452k 4k",
        "read -P 0 512k 64k",
        "read -P 7 2M 1M",
        "read -P 8 3M 1M",
        "read -P 9 4M 5632",
        "read -P 0 15M 1M",
      ];
      const checks = commands.flatMap((command) => ["-c", command]);
      await using server = await ServerProcess.start(args());
      const output = await succeed("qemu-io", ["-f", "raw", ...checks, server.uri()]);
      expect(output).not.toMatch(/fail|error/i);
    });

    it("reports a wrong pattern (check that these tests can fail)", async () => {
      const output = await captive(args(), `qemu-io -f raw -c 'read -P 1 0 512' "$uri" || true`);
      expect(output).toMatch(/Pattern verification failed/);
    });
  });

  it("cannot write to a read-only export", async () => {
    await using server = await ServerProcess.start(["-r", "memory", "1M"]);
    const output = await succeed("/bin/sh", [
      "-c",
      `qemu-io -f raw -c 'write 0 512' '${server.uri()}' 2>&1 || true`,
    ]);
    expect(output).toMatch(/read.only|not permitted|Permission denied/i);
    expect(await succeed("qemu-io", ["-r", "-f", "raw", "-c", "read -P 0 0 512", server.uri()])).toMatch(
      /512 bytes/,
    );
  });

  it("discards ranges, which frees the blocks of the file", async () => {
    const path = image("disk.img");
    const before = statSync(path).blocks;
    await captive(["file", path], `qemu-io -f raw -c 'discard 0 1M' -c flush "$uri"`);
    expect(before - statSync(path).blocks).toBeGreaterThanOrEqual(MiB / 512);
  });
});
