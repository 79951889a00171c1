import { expect, it } from "vitest";
import { run, succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";
import { Folder } from "../plugins/folder.ts";

describeWith(["fio"], "fio", () => {
  it.each([
    ["small requests, many at once", ["--bs=4k", "--iodepth=32"]],
    ["requests of every size and place", ["--bsrange=512-256k", "--blockalign=512", "--iodepth=8"]],
    ["trims between", ["--rw=randtrimwrite", "--bs=16k", "--iodepth=8", "--verify=0"]],
  ])("finds what it wrote with %s", async (title, flags) => {
    using folder = new Folder();
    await using server = await ServerProcess.start(["memory", "16M"]);
    const args = ["--name=test", "--ioengine=nbd", `--uri=${server.uri()}`, "--size=16M", "--rw=randwrite"];
    const verify = ["--verify=crc32c", "--verify_fatal=1", "--group_reporting", "--output-format=terse"];
    const { status, stderr } = await run("fio", [...args, ...verify, ...flags], { cwd: folder.path });
    expect({ status, stderr }, title).toEqual({ status: 0, stderr: "" });
  });
});

describeWith(["qemu-nbd", "qemu-img"], "qemu-nbd", () => {
  it("lists what we export", async () => {
    await using server = await ServerProcess.start(["memory", "1M"]);
    expect(await succeed("qemu-nbd", ["--list", "-k", server.socket])).toMatch(
      /exports available: 1\n export: ''\n {2}size: +1048576\n.*base:allocation/s,
    );
  });
});
