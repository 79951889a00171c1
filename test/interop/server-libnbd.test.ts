import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { isRunning } from "../helpers/processes.ts";
import { environment, nbdkit, succeed } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";

describeWith(["nbdsh", "nbdcopy", "nbdinfo"], "libnbd finds our nbdkit on PATH, and", () => {
  let folder: Folder;
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    folder = new Folder();
    // A link as npm creates it, in PATH before all other nbdkit commands of this machine.
    mkdirSync(folder.join("bin"));
    symlinkSync(nbdkit, folder.join("bin/nbdkit"));
    env = { PATH: `${folder.join("bin")}:${environment.PATH}`, TMPDIR: folder.path };
  });
  afterEach(() => folder[Symbol.dispose]());

  const sh = (script: string): Promise<string> =>
    succeed("/bin/sh", ["-c", script], { env, cwd: folder.path });
  const nbdsh = (...lines: string[]): Promise<string> =>
    succeed(
      "nbdsh",
      lines.flatMap((line) => ["-c", line]),
      { env },
    );

  it("connects over a socket pair to the nbdkit that it started", async () => {
    const output = await nbdsh(
      'h.connect_command(["nbdkit", "-s", "--exit-with-parent", "memory", "1M"])',
      'h.pwrite(b"hello", 512, nbd.CMD_FLAG_FUA)',
      "print(h.get_size(), bytes(h.pread(7, 511)), h.get_protocol())",
      "h.shutdown()",
    );
    expect(output).toBe("1048576 b'\\x00hello\\x00' newstyle-fixed\n");
  });

  it("is not disturbed by scripts of the server, whose standard streams are its connection", async () => {
    const output = await nbdsh(
      'h.connect_command(["nbdkit", "-s", "--filter=log", "memory", "1M", "logscript=echo said"])',
      "h.pwrite(bytes([7]) * 65536, 0)",
      "print(h.pread(65536, 0) == bytes([7]) * 65536)",
      "h.shutdown()",
      "h = nbd.NBD()",
      'h.connect_command(["nbdkit", "-s", "data", "<(cat; printf abc)"])',
      "print(bytes(h.pread(3, 0)))",
    );
    expect(output).toBe("True\nb'abc'\n");
  });

  it("connects repeatedly, each time to a new nbdkit", async () => {
    const output = await nbdsh(
      "for i in range(5):\n" +
        "    h = nbd.NBD()\n" +
        '    h.connect_command(["nbdkit", "-s", "--exit-with-parent", "memory", str(512 * (i + 1))])\n' +
        "    print(h.get_size())\n" +
        "    del h",
    );
    expect(output).toBe("512\n1024\n1536\n2048\n2560\n");
  });

  it("connects by socket activation", async () => {
    const output = await nbdsh(
      'h.connect_systemd_socket_activation(["nbdkit", "--exit-with-parent", "memory", "1M"])',
      'h.pwrite(b"hello", 0)',
      "print(h.get_size(), bytes(h.pread(5, 0)))",
    );
    expect(output).toBe("1048576 b'hello'\n");
  });

  it("makes several connections by socket activation", async () => {
    writeFileSync(folder.join("disk"), randomBytes(8 << 20));
    await sh("nbdcopy --connections=4 -- [ nbdkit file disk ] copy && cmp disk copy");
  });

  it("reads the disk through a pipe", async () => {
    await sh("nbdcopy -- [ nbdkit memory 1M ] - | cmp -n 1048576 - /dev/zero");
  });

  it("writes the disk from a pipe", async () => {
    writeFileSync(folder.join("disk"), "");
    writeFileSync(folder.join("source"), randomBytes(1 << 20));
    await sh("truncate -s 1M disk && cat source | nbdcopy -- - [ nbdkit file disk ] && cmp source disk");
  });

  it("runs nbdinfo with it", async () => {
    expect(await sh("nbdinfo --size -- [ nbdkit memory 1G ]")).toBe("1073741824\n");
    expect(await sh("nbdinfo --can zero -- [ nbdkit -r memory 1G ] || echo no")).toBe("no\n");
    expect(
      await sh(
        'nbdsh -c \'h.connect_command(["nbdkit", "-s", "-r", "null", "7"]); print(h.is_read_only())\'',
      ),
    ).toBe("True\n");
  });

  it("leaves no server behind, even when the libnbd process is killed", async () => {
    await nbdsh(
      `h.connect_command(["nbdkit", "-s", "--exit-with-parent", "-P", "${folder.join("pid")}", "memory", "1M"])`,
      "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    ).catch(() => {});
    const pid = Number(readFileSync(folder.join("pid"), "utf8"));
    await until("the end of the server", () => !isRunning(pid));
  });
});
