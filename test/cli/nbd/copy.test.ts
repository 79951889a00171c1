import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { describe, expect, it } from "vitest";
import { connect } from "../../../src/client/index.ts";
import { Folder } from "../../helpers/folder.ts";
import { referenceNbdkit, startQemuNbd, startReference } from "../../helpers/reference-servers.ts";
import { nbd as command, launch, outcomeOf, run, succeed } from "../../helpers/run.ts";
import { hasTool } from "../../helpers/tools.ts";
import { nbd } from "./command.ts";

const mebibyte = 1024 * 1024;

/** A disk of 20 MiB and 3 bytes with data, holes, and written zeroes. */
function writeSparse(path: string): void {
  const fd = openSync(path, "w");
  ftruncateSync(fd, 20 * mebibyte);
  writeSync(fd, randomBytes(mebibyte), 0, mebibyte, 0);
  writeSync(fd, randomBytes(70_000), 0, 70_000, 5 * mebibyte + 1000);
  writeSync(fd, Buffer.alloc(mebibyte), 0, mebibyte, 8 * mebibyte);
  writeSync(fd, Buffer.from("end"), 0, 3, 20 * mebibyte);
  closeSync(fd);
}

/** Returns the allocated bytes of a file; zero if the file system does not report them. */
const allocated = (path: string): number => statSync(path).blocks * 512;

async function expectCopied(...args: string[]): Promise<void> {
  expect(await nbd("copy", ...args)).toEqual({ status: 0, stdout: "", stderr: "" });
}

const same = (one: string, other: string): Promise<string> => succeed("cmp", [one, other]);

describe("nbd copy between files", () => {
  it("keeps holes and makes holes of written zeroes", async () => {
    using folder = new Folder();
    const [from, to] = [folder.join("from"), folder.join("to")];
    writeSparse(from);
    writeFileSync(to, randomBytes(30 * mebibyte));
    await expectCopied(from, to);
    await same(from, to);
    expect(allocated(to)).toBeLessThan(2 * mebibyte);
    await expectCopied("--allocated", "--no-extents", from, to);
    await same(from, to);
    expect(allocated(to)).toBeGreaterThanOrEqual(20 * mebibyte);
  });

  it("copies from standard input and to standard output", async () => {
    using folder = new Folder();
    const [from, through, to] = [folder.join("from"), folder.join("through"), folder.join("to")];
    writeSparse(from);
    const script = `cat "$1" | "$2" copy - "$3" && "$2" copy "$3" - | cat > "$4"`;
    await succeed("/bin/sh", ["-c", script, "sh", from, command, through, to]);
    await same(from, through);
    await same(from, to);
    expect(allocated(through)).toBeLessThan(2 * mebibyte);
  });

  it("copies an empty file, and refuses to copy a file onto itself", async () => {
    using folder = new Folder();
    const [empty, to] = [folder.join("empty"), folder.join("to")];
    writeFileSync(empty, "");
    await expectCopied(empty, to);
    await expectCopied("/dev/null", folder.join("too"));
    expect([statSync(to).size, statSync(folder.join("too")).size]).toEqual([0, 0]);
    writeFileSync(to, "precious");
    expect(await nbd("copy", to, to)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("same file"),
    });
    expect(readFileSync(to, "utf8")).toBe("precious");
  });

  it("writes progress lines to a file descriptor", async () => {
    using folder = new Folder();
    writeSparse(folder.join("from"));
    const { stdout } = await nbd("copy", "--progress=1", folder.join("from"), "null:");
    expect(stdout.trim().split("\n").at(-1)).toBe("100/100");
    expect(stdout).toMatch(/^(\d+\/100\n)+$/);
  });

  it("reports what failed, the offset, and the contents of the destination", async () => {
    using folder = new Folder();
    const [from, pipe] = [folder.join("from"), folder.join("pipe")];
    writeFileSync(from, randomBytes(mebibyte));
    expect(await nbd("copy", "--request-size=64k", from, "/dev/full")).toEqual({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^nbd copy: \/dev\/full: write of 65536 bytes at \d+ failed: ENOSPC: .*; \/dev\/full is incomplete: 0 of 1048576 bytes are copied, the rest is missing\n$/,
      ),
    });
    const script = '"$1" copy - "$2" < /';
    expect(await run("/bin/sh", ["-c", script, "sh", command, pipe])).toEqual({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^nbd copy: standard input: read at 0 failed: EISDIR: .*; .*\/pipe is incomplete: 0 bytes are copied, the rest is missing\n$/,
      ),
    });
  });

  it("ends by the signal that interrupts the copy", async () => {
    const child = launch(command, ["copy", "-", "null:"], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    const outcome = outcomeOf(child);
    // The copy is running when it has read more bytes than a pipe holds.
    await new Promise((resolve) => {
      child.stdin!.write(Buffer.alloc(4 * mebibyte), resolve);
    });
    child.kill("SIGINT");
    // No message: the user who interrupts the copy knows the reason.
    expect(await outcome).toEqual({ status: 130, stdout: "", stderr: "" });
  });
});

// nbdkit 1.32 may abort when a client disconnects with several requests in flight, so failing copies use only
// one.
describe.skipIf(referenceNbdkit === undefined)("nbd copy and the original nbdkit", () => {
  it.each([
    ["defaults", []],
    ["one connection", ["-C", "1"]],
    ["many small requests", ["--request-size=4k", "-R", "100", "--queue-size=1M"]],
    ["one after the other", ["--synchronous"]],
    ["no holes wanted", ["--allocated"]],
    ["no questions", ["--no-extents", "--sparse=0"]],
    ["to the disk", ["--flush"]],
  ])("copy a disk over old data and back: %s", async (_, options) => {
    using folder = new Folder();
    const [from, disk, to] = [folder.join("from"), folder.join("disk"), folder.join("to")];
    writeSparse(from);
    writeFileSync(disk, randomBytes(20 * mebibyte + 3));
    await using server = await startReference("file", disk);
    await expectCopied(...options, from, server.uri());
    await same(from, disk);
    await expectCopied(...options, server.uri(), to);
    await same(from, to);
  });

  it("copy with a server without zeroing, extents and structured replies", async () => {
    using folder = new Folder();
    const [from, disk] = [folder.join("from"), folder.join("disk")];
    writeSparse(from);
    writeFileSync(disk, randomBytes(20 * mebibyte + 3));
    await using target = await startReference("--no-sr", "--filter=nozero", "file", disk, "zeromode=none");
    await using source = await startReference("--filter=noextents", "-r", "file", from);
    await expectCopied(source.uri(), target.uri());
    await same(from, disk);
  });

  it("respect the block sizes of source and destination", async () => {
    using folder = new Folder();
    const [from, to] = [folder.join("from"), folder.join("to")];
    writeFileSync(
      from,
      Buffer.concat([Buffer.alloc(70_000), randomBytes(mebibyte), Buffer.alloc(2 * mebibyte - 70_000)]),
    );
    const blocks = (minimum: string): string[] => [
      "blocksize-error-policy=error",
      `blocksize-minimum=${minimum}`,
      "blocksize-preferred=64k",
      "blocksize-maximum=128k",
    ];
    await using source = await startReference("--filter=blocksize-policy", "file", from, ...blocks("4k"));
    await using target = await startReference("--filter=blocksize-policy", "memory", "3M", ...blocks("64k"));
    await expectCopied(source.uri(), target.uri());
    await expectCopied(target.uri(), to);
    await same(from, to);
  });

  it("use several connections only if the server supports multi-conn", async () => {
    using folder = new Folder();
    for (const [mode, options, most] of [
      ["auto", [], 4],
      ["disable", [], 1],
      ["auto", ["-C", "2"], 2],
    ] as const) {
      const log = folder.join(`log-${mode}-${most}`);
      const args = [
        "--filter=log",
        "--filter=multi-conn",
        "pattern",
        "64M",
        `multi-conn-mode=${mode}`,
        `logfile=${log}`,
      ];
      await using server = await startReference(...args);
      await expectCopied(...options, server.uri(), "null:");
      const connections = new Set(readFileSync(log, "utf8").match(/connection=\d+/g));
      expect({ mode, connections: connections.size }).toEqual({ mode, connections: most });
    }
  });

  it("refuse a destination that is too small or read-only before the first write", async () => {
    using folder = new Folder();
    const from = folder.join("from");
    writeFileSync(from, randomBytes(2 * mebibyte));
    await using small = await startReference("memory", "1M");
    expect(await nbd("copy", from, small.uri())).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^nbd copy: destination size is smaller than source size: .*\n$/),
    });
    await using client = await connect(small.uri());
    expect((await client.read(0, mebibyte)).equals(Buffer.alloc(mebibyte))).toBe(true);
    await using readOnly = await startReference("-r", "memory", "4M");
    expect(await nbd("copy", from, readOnly.uri())).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("read-only"),
    });
    const piped = await run("/bin/sh", [
      "-c",
      `cat "$1" | "$2" copy --synchronous - "$3"`,
      "sh",
      from,
      command,
      small.uri(),
    ]);
    expect(piped).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^nbd copy: destination size is smaller.*\n$/),
    });
  });

  it("report the first error of a server in one line", async () => {
    using folder = new Folder();
    const args = ["--filter=error", "pattern", "64M", "error-pread=EIO", "error-pread-rate=20%"];
    await using server = await startReference(...args);
    const { status, stderr } = await nbd("copy", "--synchronous", server.uri(), folder.join("to"));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^nbd copy: nbd\+unix:.*: read of \d+ bytes at \d+ failed: EIO.*\n$/);
  });

  it.each(["source", "destination"])(
    "fail with one line when the %s is killed during the copy",
    async (side) => {
      const slow = ["--filter=delay", "memory", "64M", "rdelay=100ms", "wdelay=100ms"];
      const server = await startReference(...slow);
      const args = side === "source" ? ["--no-extents", server.uri(), "null:"] : ["-", server.uri()];
      const child = launch(command, ["copy", "--progress=1", "-R", "2", "-C", "1", ...args], {
        stdio: ["pipe", "pipe", "pipe"],
      });
      child.stdin!.on("error", () => {});
      const outcome = outcomeOf(child);
      if (side === "source") await new Promise((resolve) => child.stdout!.once("data", resolve));
      else await new Promise((resolve) => child.stdin!.write(Buffer.alloc(4 * mebibyte, 1), resolve));
      process.kill(server.pid, "SIGKILL");
      const { status, stderr } = await outcome;
      expect(status).toBe(1);
      expect(stderr).toMatch(/^nbd copy: nbd\+unix:.*\n$/);
      await server[Symbol.asyncDispose]();
    },
  );
});

describe.skipIf(!hasTool("qemu-nbd"))("nbd copy and qemu-nbd", () => {
  it("write a qcow2 image sparsely and read it back", async () => {
    using folder = new Folder();
    const [from, image, to] = [folder.join("from"), folder.join("image.qcow2"), folder.join("to")];
    writeSparse(from);
    await succeed("qemu-img", ["create", "-q", "-f", "qcow2", image, "21M"]);
    {
      await using server = await startQemuNbd(folder, ["-f", "qcow2", image]);
      await expectCopied("--destination-is-zero", from, server.uri);
      await expectCopied(server.uri, to);
    }
    await succeed("cmp", ["-n", String(20 * mebibyte + 3), from, to]);
    expect(statSync(image).size).toBeLessThan(4 * mebibyte);
    expect(existsSync(to)).toBe(true);
  });
});
