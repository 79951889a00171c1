import { describe, expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { run, succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { SmallFileSystem, whyNot } from "../helpers/system.ts";
import { describeWith } from "../helpers/tools.ts";

const MiB = 1024 * 1024;

/** Writes more than the disk holds: clients must get ENOSPC, and earlier data must not change. */
async function fillDisk(server: ServerProcess): Promise<void> {
  const qemu = await run("qemu-io", [
    "-f",
    "raw",
    "-c",
    "write -P 5 0 64k",
    "-c",
    "write 4M 4M",
    "-c",
    "flush",
    server.uri(),
  ]);
  expect(qemu.stdout + qemu.stderr).toMatch(/write failed: No space left on device/);
  const script = [
    "import errno",
    "h.pwrite(b'6' * 4096, 61440, nbd.CMD_FLAG_FUA)",
    "try:\n    h.pwrite(bytearray(4 << 20), 4 << 20)\nexcept nbd.Error as error:\n    print(errno.errorcode[error.errnum])",
    "print(bytes(h.pread(2, 61439)))",
  ];
  const output = await succeed("nbdsh", ["-u", server.uri(), ...script.flatMap((line) => ["-c", line])]);
  expect(output).toBe("ENOSPC\nb'\\x056'\n");
}

const reason = whyNot(() => new SmallFileSystem(MiB));

describeWith(["qemu-io", "nbdsh"], "a full disk is reported to the client", () => {
  describe.skipIf(reason !== undefined)(`when the file system is full${reason ? ` (${reason})` : ""}`, () => {
    it("as ENOSPC, and the server continues", async () => {
      using small = new SmallFileSystem(MiB);
      await using server = await ServerProcess.start(["file", small.folder.sparseFile("disk", 16 * MiB)]);
      await fillDisk(server);
    });
  });

  it("as ENOSPC also at the file size limit (RLIMIT_FSIZE)", async () => {
    using folder = new Folder();
    const disk = folder.sparseFile("disk", 16 * MiB);
    // ulimit -f counts blocks of 512 bytes.
    await using server = await ServerProcess.start(["file", disk], { before: "ulimit -f 2048" });
    await fillDisk(server);
  });
});
