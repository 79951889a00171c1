import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Folder } from "../helpers/folder.ts";
import { environment, nbdkit, type Outcome, run } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";

/** Fake qemu: reads the first sector of its drive and writes it to a file. */
const qemu = `#!/bin/sh
for argument; do case $argument in file=*) uri=\${argument#file=}; uri=\${uri%%,if=*} ;; esac; done
echo "qemu $*"
exec qemu-io -f raw -c 'read -v 0 512' -c 'write -P 0x71 512 512' "$uri"
`;

/** Fake guestfish: prints the size and the first bytes of its disk. */
const guestfish = `#!/bin/sh
while [ "$1" != -a ]; do shift; done
exec nbdsh -u "$2" -c 'print("guestfish", h.get_size(), bytes(h.pread(5, 0)))'
`;

describeWith(
  ["qemu-img", "qemu-io", "nbdsh", "nbdcopy", "nbdinfo"],
  "an example of nbdkit-captive(1) works unchanged:",
  () => {
    let folder: Folder;
    beforeEach(() => {
      folder = new Folder();
      mkdirSync(folder.join("bin"));
      mkdirSync(folder.join("tmp"));
      symlinkSync(nbdkit, folder.join("bin/nbdkit"));
      for (const [name, script] of Object.entries({ qemu, guestfish })) {
        writeFileSync(folder.join(`bin/${name}`), script);
        chmodSync(folder.join(`bin/${name}`), 0o755);
      }
      writeFileSync(folder.join("disk.img"), Buffer.concat([Buffer.from("hello"), Buffer.alloc(1 << 20)]));
    });
    afterEach(() => folder[Symbol.dispose]());

    /** Runs the example in a shell, and expects that no socket is left. */
    async function shell(example: string): Promise<Outcome> {
      const env = { PATH: `${folder.join("bin")}:${environment.PATH}`, TMPDIR: folder.join("tmp") };
      const outcome = await run("/bin/sh", ["-c", example], { env, cwd: folder.path });
      expect((await run("ls", ["-A", folder.join("tmp")])).stdout).toBe("");
      return outcome;
    }

    it("qemu on a file", async () => {
      const { status, stdout } = await shell("nbdkit file disk.img --run 'qemu -drive file=$nbd,if=virtio'");
      expect(stdout).toMatch(/^qemu -drive file=nbd\+unix:\/\/\/?\?socket=\/\S+,if=virtio\n/);
      expect(stdout).toMatch(/68 65 6c 6c 6f 00/);
      expect(status).toBe(0);
      expect(readFileSync(folder.join("disk.img")).subarray(512, 1024)).toEqual(Buffer.alloc(512, 0x71));
    });

    it("guestfish on a file", async () => {
      const { status, stdout } = await shell(
        "nbdkit file disk.img --run 'guestfish --format=raw -a $nbd -i'",
      );
      expect({ status, stdout }).toEqual({ status: 0, stdout: `guestfish ${(1 << 20) + 5} b'hello'\n` });
    });

    it("nbdsh for unit testing", async () => {
      const { status, stdout } = await shell(
        `nbdkit -U - memory 1 --run 'nbdsh -u "$uri" -c "print(h.pread(1, 0))"'`,
      );
      expect({ status, stdout }).toEqual({ status: 0, stdout: "bytearray(b'\\x00')\n" });
    });

    it("a private socket", async () => {
      const { status, stdout } = await shell(
        `nbdkit -U - memory 1M --run 'echo "$unixsocket" "$port" "$exportname" "$tls"'`,
      );
      expect(status).toBe(0);
      expect(stdout.trimEnd()).toMatch(/^\/\S+\/socket *$/);
    });

    it("example1 copied out", async () => {
      const { status } = await shell("nbdkit -U - example1 --run 'qemu-img convert $nbd disk.img'");
      expect(status).toBe(0);
      expect(readFileSync(folder.join("disk.img"))).toHaveLength(100 * 1024 * 1024);
    });

    it("null and file copied in and out", async () => {
      writeFileSync(folder.join("source.img"), randomBytes(1 << 20));
      expect((await shell("nbdkit -U - null 1M --run 'qemu-img convert -n source.img $nbd'")).status).toBe(0);
      const copy =
        "nbdkit -U - file source.img --run 'qemu-img convert $nbd copy.img' && cmp source.img copy.img";
      expect((await shell(copy)).status).toBe(0);
    });

    it("an export chosen by name", async () => {
      mkdirSync(folder.join("disks"));
      writeFileSync(folder.join("disks/a b"), Buffer.alloc(4096));
      const { stdout } = await shell(
        `nbdkit -e 'a b' file dir=disks --run 'nbdinfo --size "$uri"; echo "$exportname"'`,
      );
      expect(stdout).toBe("4096\na b\n");
    });

    it("the exit status of the command, and the server ends with the command", async () => {
      expect(await shell("nbdkit memory 1M --run 'exit 42'")).toMatchObject({ status: 42 });
      const killed = await shell("nbdkit memory 1M --run 'kill -9 $$'");
      expect(killed.status).toBe(137);
    });

    it("exit with parent, from a script", async () => {
      const script =
        "sh -c 'nbdkit --exit-with-parent -U sock -P pid memory 1M & while [ ! -s pid ]; do sleep 0.1; done; nbdinfo --size nbd+unix:///?socket=sock'";
      const { stdout } = await shell(
        `${script}; for i in $(seq 100); do kill -0 $(cat pid) 2>/dev/null || exit 0; sleep 0.1; done; exit 1`,
      );
      expect(stdout).toBe("1048576\n");
    });

    it("the probe for --exit-with-parent", async () => {
      expect((await shell('nbdkit --exit-with-parent --version && echo "supported"')).stdout).toMatch(
        /^nbdkit \d+\.\d+\.\d+.*\nsupported\n$/,
      );
    });
  },
);
