import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { definePlugin, type Plugin } from "../../src/contract/plugin.ts";
import tar from "../../src/filters/tar.ts";
import file from "../../src/plugins/file.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { Folder } from "../helpers/folder.ts";
import { bufferDisk } from "../helpers/memory-session.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWith, hasTool, toolPath } from "../helpers/tools.ts";

const formats = ["v7", "ustar", "oldgnu", "gnu", "posix"];
const sparseFormats: readonly (readonly string[])[] = [
  ["--format=gnu"],
  ["--format=oldgnu"],
  ...["0.0", "0.1", "1.0"].map((version) => ["--format=posix", `--sparse-version=${version}`]),
];

const folder = new Folder();
afterAll(() => folder[Symbol.dispose]());

/** Runs tar in the folder and returns the path of the tar file. */
function packed(args: readonly string[], names: readonly string[]): Buffer {
  execFileSync("tar", [...args, "-cf", "packed.tar", ...names], { cwd: folder.path });
  return readFileSync(folder.join("packed.tar"));
}

function put(name: string, bytes: string | Uint8Array): string {
  mkdirSync(dirname(folder.join(name)), { recursive: true });
  folder.file(name, bytes);
  return name;
}

/** Creates a file with data in some ranges and holes elsewhere. */
function putSparse(
  name: string,
  size: number,
  ranges: readonly (readonly [at: number, length: number])[],
): string {
  folder.sparseFile(name, size);
  for (const [at, length] of ranges) {
    execFileSync("dd", [`of=${folder.join(name)}`, "bs=1", `seek=${at}`, "conv=notrunc", "status=none"], {
      input: randomBytes(length),
    });
  }
  return name;
}

function pluginOf(bytes: Buffer): Plugin {
  return definePlugin({
    name: "packed",
    open: () => ({ ...bufferDisk(bytes), description: "packed files" }),
  });
}

function sessionOn(
  bytes: Buffer,
  parameters: Record<string, string | readonly string[]>,
): Promise<TestedChain> {
  return TestedChain.start({ plugin: pluginOf(bytes), filters: [tar], parameters });
}

async function contentOf(bytes: Buffer, entry: string): Promise<Buffer> {
  await using session = await sessionOn(bytes, { "tar-entry": entry });
  const disk = await session.open();
  const content = Buffer.alloc(Number(disk.size), 1);
  await disk.read(content, 0n);
  return content;
}

describeWith(["tar"], "tar", () => {
  const disk = put("disk.img", randomBytes(100_000));
  const sparse = putSparse("sparse.img", 3_000_000, [
    [0, 700],
    [500_000, 70_000],
    ...Array.from({ length: 40 }, (_, index) => [1_000_000 + index * 20_000, 100] as const),
  ]);
  const others = [put("first", "x"), put("a/b", "y".repeat(5000)), put("empty", "")];
  const plain = packed([], [...others, disk]);

  testPlugin("a file in a tar file", {
    plugin: pluginOf(plain),
    parameters: { "tar-entry": disk },
    filters: [tar],
    runs: 10,
  });
  testPlugin("a sparse file in a tar file", {
    plugin: pluginOf(packed(["-S"], [sparse])),
    parameters: { "tar-entry": sparse },
    filters: [tar],
    runs: 10,
  });

  describe.each(formats)("in format %s", (format) => {
    it("tar finds each file by its full name", async () => {
      const bytes = packed([`--format=${format}`], [...others, disk, "a"]);
      for (const name of [...others, disk]) {
        expect((await contentOf(bytes, name)).equals(readFileSync(folder.join(name))), name).toBe(true);
      }
      await expect(contentOf(bytes, "b")).rejects.toThrow('tar: there is no "b" in the tar file');
    });
  });

  it.each(["ustar", "oldgnu", "gnu", "posix"])("tar finds long names in format %s", async (format) => {
    const long = put(`${"folder-".repeat(13)}/${"file".repeat(24)}`, "long");
    expect(await contentOf(packed([`--format=${format}`], [disk, long, disk]), long)).toEqual(
      Buffer.from("long"),
    );
  });

  it.each(["oldgnu", "gnu", "posix"])(
    "tar finds very long names and non-ASCII names in format %s",
    async (format) => {
      const long = put(`${"ö/".repeat(100)}${"日本".repeat(30)} ü`, "very long");
      const bytes = packed([`--format=${format}`], [others[0]!, long, disk]);
      expect(await contentOf(bytes, long)).toEqual(Buffer.from("very long"));
      expect((await contentOf(bytes, disk)).equals(readFileSync(folder.join(disk)))).toBe(true);
    },
  );

  it.each(sparseFormats.map((args) => [args.join(" "), args] as const))(
    "tar serves sparse files made with %s, with their holes",
    async (_title, args) => {
      const bytes = packed(["-S", ...args], [disk, sparse, disk]);
      expect((await contentOf(bytes, sparse)).equals(readFileSync(folder.join(sparse)))).toBe(true);
      await using session = await sessionOn(bytes, { "tar-entry": sparse });
      const opened = await session.open();
      expect({ canWrite: opened.canWrite, canTrim: opened.canTrim }).toEqual({
        canWrite: false,
        canTrim: false,
      });
      const extents = await opened.extents(0n, Number(opened.size), false);
      const holes = extents.filter(({ hole }) => hole).reduce((sum, { length }) => sum + length, 0n);
      expect(holes).toBeGreaterThan(2_000_000n);
      expect(await contentOf(packed(["-S", ...args], [sparse, disk]), disk)).toHaveLength(100_000);
    },
  );

  it.each([["--format=gnu"], ["--format=posix"]])(
    "tar finds a file behind 9 GiB in a tar file made with %s",
    async (format) => {
      folder.sparseFile("large", 9 * 2 ** 30);
      const head = execFileSync("/bin/sh", ["-c", `tar ${format} -cf - large | head -c 10240`], {
        cwd: folder.path,
        maxBuffer: 2 ** 20,
      });
      // After the last header, the tar file has only zeroes.
      const headerEnd = (Math.floor(head.lastIndexOf("ustar") / 512) + 1) * 512;
      const path = put("huge.tar", head.subarray(0, headerEnd));
      truncateSync(folder.join(path), headerEnd + 9 * 2 ** 30);
      const rest = packed([], [disk]);
      writeFileSync(folder.join(path), rest, { flag: "a" });
      const parameters = { file: folder.join(path), "tar-entry": disk };
      await using session = await TestedChain.start({ plugin: file, filters: [tar], parameters });
      const opened = await session.open();
      const content = Buffer.alloc(Number(opened.size));
      await opened.read(content, 0n);
      expect(content.equals(readFileSync(folder.join(disk)))).toBe(true);
    },
  );

  it("tar describes the export as embedded in the tar file", async () => {
    await using session = await sessionOn(plain, { "tar-entry": disk });
    expect((await session.open()).description).toBe("embedded disk.img from within tar file: packed files");
    expect(session.debugLines.at(-1)).toMatch(/^disk.img found at offset \d+, size 100000$/);
  });

  it("tar refuses an entry that is not a file, and names its type", async () => {
    symlinkSync("disk.img", folder.join("symbolic"));
    linkSync(folder.join(disk), folder.join("hard"));
    execFileSync("mkfifo", [folder.join("fifo")]);
    const bytes = packed([], [disk, "symbolic", "hard", "fifo", "a"]);
    const refusal = (name: string) => contentOf(bytes, name).catch(({ message }: Error) => message);
    expect(await refusal("symbolic")).toBe(
      'tar: "symbolic" is not a file but a symbolic link: use the name of the link target',
    );
    expect(await refusal("hard")).toBe(
      'tar: "hard" is not a file but a hard link: use the name of the link target',
    );
    expect(await refusal("fifo")).toBe('tar: "fifo" is not a file but a FIFO');
    expect(await refusal("a/")).toBe('tar: "a/" is not a file but a folder');
  });

  it.each(["gzip", "xz", "bzip2", "zstd"].filter(hasTool))(
    "tar refuses a file that is compressed with %s",
    async (program) => {
      const bytes = execFileSync(program, ["-c"], { input: plain });
      await expect(contentOf(bytes, disk)).rejects.toThrow(
        `tar: the tar file is compressed with ${program}: `,
      );
    },
  );

  it("tar refuses a damaged or truncated tar file, and other files", async () => {
    await expect(contentOf(randomBytes(10_000), disk)).rejects.toThrow("tar: this is not a tar file");
    await expect(contentOf(Buffer.alloc(100), disk)).rejects.toThrow(
      "tar: this is not a tar file: tar: the tar file is cut off",
    );
    await expect(contentOf(Buffer.alloc(0), disk)).rejects.toThrow('tar: there is no "disk.img"');
    await expect(contentOf(Buffer.alloc(100_000), disk)).rejects.toThrow('tar: there is no "disk.img"');
    const start = plain.indexOf("disk.img");
    await expect(contentOf(plain.subarray(0, start + 50_000), disk)).rejects.toThrow(
      `tar: "disk.img" is cut off: it ends at ${start + 512 + 100_000}, the tar file at ${start + 50_000}`,
    );
    const damaged = Buffer.from(plain);
    damaged[start]! ^= 1;
    await expect(contentOf(damaged, disk)).rejects.toThrow(`tar: the tar file is damaged at ${start}`);
  });

  it("tar searches only up to tar-limit", async () => {
    const start = plain.indexOf("disk.img");
    await using session = await sessionOn(plain, { "tar-entry": disk, "tar-limit": String(start) });
    await expect(session.open()).rejects.toThrow(
      `tar: there is no "disk.img" in the first ${start} bytes of the tar file (tar-limit)`,
    );
    await using other = await sessionOn(plain, { "tar-entry": disk, "tar-limit": String(start + 1) });
    expect((await other.open()).size).toBe(100_000n);
  });

  it("tar refuses a file that starts inside a block of the disk", async () => {
    const blockSize = { minimum: 4096, preferred: 4096, maximum: 65_536 };
    const plugin = definePlugin({ name: "blocks", open: () => ({ ...bufferDisk(plain), blockSize }) });
    await using session = await TestedChain.start({
      plugin,
      filters: [tar],
      parameters: { "tar-entry": disk },
    });
    await expect(session.open()).rejects.toThrow("put --filter=blocksize after --filter=tar");
  });

  it("tar requires exactly one tar-entry", async () => {
    await expect(sessionOn(plain, {})).rejects.toThrow("you must specify tar-entry=<FILENAME>");
    await expect(sessionOn(plain, { "tar-entry": ["a", "b"] })).rejects.toThrow(
      "only one tar-entry parameter can be given",
    );
  });

  it("tar stops searching when the client disconnects", async () => {
    await using session = await sessionOn(plain, { "tar-entry": disk });
    const reason = new Error("the client has gone");
    await expect(session.open({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("tar opens or refuses any damaged tar file", async () => {
    const samples = sparseFormats.map((args) => packed(["-S", ...args], [others[0]!, sparse, disk]));
    const headers = fc.nat({ max: 8191 });
    const damages = fc.array(fc.tuple(headers, fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...samples), damages, fc.boolean(), async (sample, damage, mend) => {
        const bytes = Buffer.from(sample);
        for (const [at, value] of damage) bytes[at] = value;
        if (mend) mendChecksums(bytes);
        await contentOf(bytes, sparse).catch(({ name, message }: Error) => {
          expect({ name, message }).toEqual({
            name: "NbdError",
            message: expect.stringMatching(/tar|sparse/),
          });
        });
      }),
      { numRuns: 300 },
    );
  });
});

/** Fixes the checksum, so that the test also reaches the code behind the checksum check. */
function mendChecksums(bytes: Buffer): void {
  for (let at = 0; at < 8192; at += 512) {
    const block = bytes.subarray(at, at + 512);
    if (block.toString("latin1", 257, 262) !== "ustar") continue;
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  }
}

describeWith(
  ["tar", "nbdkit", "nbdcopy", "nbdinfo", "qemu-img"],
  "a file in a tar file, for real clients:",
  () => {
    it("tar serves the same bytes as nbdkit", async () => {
      await using sandbox = new Sandbox();
      sandbox.file("other", "z".repeat(1000));
      writeFileSync(sandbox.folder.join("disk"), randomBytes(300_000));
      await sandbox.sh("tar cf packed.tar other disk");
      const seen = async (program: string) => {
        const look = 'nbdinfo --json "$uri" | grep -v uri; nbdinfo --map "$uri"; nbdcopy "$uri" - | md5sum';
        const args = ["-U", "socket", "--filter=tar", "file", "packed.tar", "tar-entry=disk", "--run", look];
        const { stdout, stderr } = await outcomeOf(sandbox.start(program, args));
        await sandbox.sh("rm -f socket");
        return { size: /"export-size": \d+/.exec(stdout)?.[0], rest: stdout.split("\n}\n").at(-1), stderr };
      };
      const [theirs, ours] = [await seen(toolPath("nbdkit")!), await seen(nbdkit)];
      expect(theirs.size).toBe('"export-size": 300000');
      expect(ours).toEqual(theirs);
    });

    it("a file inside a tar file can be overwritten in place, as in nbdkit-captive(1)", async () => {
      await using sandbox = new Sandbox();
      for (const name of ["before", "disk.img", "after"])
        writeFileSync(sandbox.folder.join(name), randomBytes(1_048_576));
      await sandbox.sh("tar cf data.tar before disk.img after; mv disk.img old");
      writeFileSync(sandbox.folder.join("disk.img"), randomBytes(1_048_576));
      const args = ["file", "data.tar", "--filter=tar", "tar-entry=disk.img"];
      const copy = "qemu-img convert -n -f raw -O raw disk.img $nbd";
      expect(await sandbox.nbdkit([...args, "--run", copy])).toEqual({ status: 0, stdout: "", stderr: "" });
      // tar also compares modification times.
      const compare = "touch -r old disk.img; tar --compare -f data.tar && ! cmp -s disk.img old";
      expect(await sandbox.sh(compare)).toMatchObject({ status: 0, stdout: "", stderr: "" });
    });
  },
);
