import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { run, succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";

describeWith(["fio"], "fio", () => {
  it.each([
    ["small requests, many at once", ["--bs=4k", "--iodepth=32"]],
    ["requests of every size and place", ["--bsrange=512-256k", "--blockalign=512", "--iodepth=8"]],
    ["trims between", ["--rw=randtrimwrite", "--bs=16k", "--iodepth=8", "--verify=0"]],
  ])("verifies its data with %s", async (title, flags) => {
    using folder = new Folder();
    await using server = await ServerProcess.start(["memory", "16M"]);
    const args = ["--name=test", "--ioengine=nbd", `--uri=${server.uri()}`, "--size=16M", "--rw=randwrite"];
    const verify = ["--verify=crc32c", "--verify_fatal=1", "--group_reporting", "--output-format=terse"];
    const { status, stderr } = await run("fio", [...args, ...verify, ...flags], { cwd: folder.path });
    expect({ status, stderr }, title).toEqual({ status: 0, stderr: "" });
  });
});

const diskBytes = 64 * 1024 * 1024;
/** The file system in memory on Linux. */
const memoryFolder = "/dev/shm";
/** Block sizes, some of which are not a power of two. */
const blockSizes = "--bssplit=512/20:3584/10:4k/30:36k/10:64k/15:256k/10:1M/5";

/**
 * Four connections, each with a quarter of the disk: fio writes each block, reads it back, and reads all at
 * the end.
 */
async function writeAndVerify(plugin: (folder: Folder) => string[], parent: string): Promise<void> {
  using folder = new Folder(parent);
  await using server = await ServerProcess.start(plugin(folder));
  const target = ["--name=test", "--ioengine=nbd", `--uri=${server.uri()}`, "--group_reporting"];
  const jobs = ["--numjobs=4", "--thread", "--size=16M", "--offset_increment=16M", "--iodepth=16"];
  const load = ["--rw=randwrite", blockSizes, "--verify=crc32c", "--verify_fatal=1", "--verify_backlog=64"];
  const { status, stdout, stderr } = await run("fio", [...target, ...jobs, ...load], { cwd: folder.path });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  // All blocks are written, and all reads are verified.
  expect(stdout).toMatch(/WRITE: .* io=64\.0MiB/);
  expect(stdout).toMatch(/READ: .* io=64\.0MiB/);
}

describeWith(["fio"], "fio on four connections", () => {
  const file = (folder: Folder): string[] => ["file", folder.sparseFile("disk", diskBytes)];

  it("verifies its data in memory", () => writeAndVerify(() => ["memory", String(diskBytes)], tmpdir()));

  it.skipIf(!existsSync(memoryFolder))(`verifies its data in a file in ${memoryFolder}`, () =>
    writeAndVerify(file, memoryFolder),
  );

  it("verifies its data in a file", () => writeAndVerify(file, tmpdir()));
});

describeWith(["qemu-nbd", "qemu-img"], "qemu-nbd", () => {
  it("lists the exports of nbdkit-node", async () => {
    await using server = await ServerProcess.start(["memory", "1M"]);
    expect(await succeed("qemu-nbd", ["--list", "-k", server.socket])).toMatch(
      /exports available: 1\n export: ''\n {2}size: +1048576\n.*base:allocation/s,
    );
  });
});
