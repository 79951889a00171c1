import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { native } from "../../../src/native/load.ts";
import { readHeaderBytes, writeReadHeader } from "../../../src/protocol/read-reply.ts";
import type { Request } from "../../../src/protocol/request.ts";
import { statusChunk } from "../../../src/protocol/status-reply.ts";
import { type Answer, type Conversant, FakeServer } from "../../helpers/fake-server.ts";
import { Folder, Folder as PlacedFolder } from "../../helpers/folder.ts";
import { nbd as command, launch, succeed } from "../../helpers/run.ts";
import { ServerProcess } from "../../helpers/server-process.ts";
import { nbd } from "./command.ts";

type StatusRequest = Request & { kind: "blockStatus" };

/** Replies to block status with this many extents of one byte, in these states. */
function tellExtents(
  request: StatusRequest,
  { form, reply }: Conversant,
  count: number,
  state: (at: bigint) => bigint,
): void {
  const { cookie, offset } = request;
  const length = Number(request.length < BigInt(count) ? request.length : BigInt(count));
  const extents = Array.from({ length }, (_, index) => ({
    length: 1n,
    state: state(offset + BigInt(index)),
  }));
  const to = { form, cookie, offset } as Parameters<typeof statusChunk>[0];
  reply(statusChunk(to, 1, extents, true));
}

const size = 1_500_000;

describe("nbd info --map", () => {
  it.each([[[]], [["--json"]], [["--totals"]]])("uses little memory for many extents (%j)", async (args) => {
    let peak = 0;
    const answer: Answer = (request, to) => {
      if (request.kind !== "blockStatus") return;
      tellExtents(request, to, 50_000, (at) => at % 2n);
      if (request.offset + 50_000n >= BigInt(size)) peak = peakBytes(child.pid!);
    };
    await using server = await FakeServer.start(answer, { size: BigInt(size) });
    const child = launch(command, ["info", "--map", ...args, server.uri]);
    const hash = createHash("sha256");
    let lines = 0;
    child.stdout!.on("data", (bytes: Buffer) => {
      hash.update(bytes);
      for (const byte of bytes) if (byte === 10) lines++;
    });
    const status = await new Promise((resolve) => child.once("close", resolve));
    expect(status).toBe(0);
    expect(lines).toBe(args[0] === "--totals" ? 2 : size + (args[0] === "--json" ? 2 : 0));
    expect(peak / 2 ** 20).toBeLessThan(process.platform === "linux" ? 200 : Number.POSITIVE_INFINITY);
  });

  it("limits the number of states that --totals keeps in memory", async () => {
    const answer: Answer = (request, to) => {
      if (request.kind === "blockStatus") tellExtents(request, to, 100_000, (at) => at);
    };
    await using server = await FakeServer.start(answer, { size: 100_000n });
    expect(await nbd("info", "--map", "--totals", server.uri)).toEqual({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(/^nbd info: --totals: more than 65536 states.*without --totals\n$/),
    });
  });

  it("fails when the server reports extents without progress", async () => {
    const answer: Answer = (request, { form, reply }) => {
      if (request.kind !== "blockStatus") return;
      const to = { form, cookie: request.cookie, offset: request.offset } as Parameters<
        typeof statusChunk
      >[0];
      reply(statusChunk(to, 1, [{ length: 0n, state: 0n }], true));
    };
    await using server = await FakeServer.start(answer);
    for (const args of [["info", "--map"], ["copy"]]) {
      const { status, stderr } = await nbd(...args, server.uri, ...(args[0] === "copy" ? ["null:"] : []));
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/extent of length 0/) });
    }
  });
});

describe("a disk of 4 EiB", () => {
  const exbibytes = 2n ** 62n;
  const text = "far beyond 2^53";
  const place = 2n ** 53n + 12_345n;

  it("is listed and copied to another disk quickly", async () => {
    await using from = await ServerProcess.start(["data", `size=${exbibytes}`, `@${place} "${text}"`]);
    await using to = await ServerProcess.start(["memory", String(exbibytes)]);
    expect(await nbd("copy", from.uri(), to.uri())).toEqual({ status: 0, stdout: "", stderr: "" });
    const { stdout } = await nbd("info", "--map", "--totals", to.uri());
    expect(stdout).toMatch(/^ *\d{1,6} +0\.0% +0 data\n *\d+ 100\.0% +3 hole,zero\n$/);
  });

  const shm = existsSync("/dev/shm") && statSync("/dev/shm").isDirectory();
  it.skipIf(!shm)("is copied to and from a file of the same size (tmpfs)", async () => {
    const folder = new PlacedFolder("/dev/shm");
    try {
      const [one, other] = [`${folder.path}/one`, `${folder.path}/other`];
      await using from = await ServerProcess.start(["data", `size=${exbibytes}`, `@${place} "${text}"`]);
      expect(await nbd("copy", from.uri(), one)).toEqual({ status: 0, stdout: "", stderr: "" });
      expect(await nbd("copy", one, other)).toEqual({ status: 0, stdout: "", stderr: "" });
      expect(statSync(other, { bigint: true }).size).toBe(exbibytes);
      const into = Buffer.alloc(text.length);
      const fd = openSync(other, "r");
      native().pread(fd, into, place);
      closeSync(fd);
      expect(into.toString()).toBe(text);
    } finally {
      folder[Symbol.dispose]();
    }
  });

  it("causes an error with the file's name when the file size limit is too small", async () => {
    using folder = new Folder();
    await using from = await ServerProcess.start(["data", `size=${exbibytes}`, `@${place} "${text}"`]);
    const script = 'ulimit -f 100 && exec "$@"';
    const copying = (...args: string[]): Promise<string> =>
      succeed("/bin/sh", ["-c", `${script}`, "sh", command, "copy", ...args]);
    await expect(copying(from.uri(), folder.join("to"))).rejects.toThrow(
      /nbd copy: [^:]*\/to: setting the size to 4611686018427387904 bytes failed: EFBIG.*; [^:]*\/to is incomplete: 0 of/,
    );
    // A stream has no known size, so the copy fails only during writing.
    await expect(
      succeed("/bin/sh", [
        "-c",
        `head -c 1000000 /dev/urandom | (${script})`,
        "sh",
        command,
        "copy",
        "-",
        folder.join("to"),
      ]),
    ).rejects.toThrow(
      /nbd copy: [^:]*\/to: write of \d+ bytes at \d+ failed: EFBIG.*; [^:]*\/to is incomplete/,
    );
  });
});

describe("extreme block sizes", () => {
  it("of one byte cost time but not memory", async () => {
    let [under, most] = [0, 0];
    const answer: Answer = (request, { form, reply }) => {
      if (request.kind !== "read") return;
      most = Math.max(most, ++under);
      setImmediate(() => {
        under--;
        const bytes = Buffer.alloc(readHeaderBytes[form] + request.length, request.offset === 0n ? 1 : 2);
        writeReadHeader(bytes, form, request.cookie, request.offset);
        reply(bytes);
      });
    };
    using folder = new Folder();
    const info = { size: 20_000n, blockSize: { minimum: 1, preferred: 1, maximum: 1 } };
    await using server = await FakeServer.start(answer, info);
    const args = ["--no-extents", "--request-size=16k", "-R", "1", "-C", "1"];
    expect(await nbd("copy", ...args, server.uri, folder.join("to"))).toMatchObject({
      status: 0,
      stderr: "",
    });
    expect(readFileSync(folder.join("to")).equals(Buffer.alloc(20_000, 2).fill(1, 0, 1))).toBe(true);
    expect(most).toBeLessThanOrEqual(64);
  });

  it("of a tebibyte do not allocate a tebibyte of zeroes", async () => {
    using folder = new Folder();
    writeFileSync(folder.join("from"), Buffer.alloc(300_000, 1));
    const { status, stderr } = await nbd("copy", "--sparse=1T", folder.join("from"), folder.join("to"));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(readFileSync(folder.join("to")).equals(readFileSync(folder.join("from")))).toBe(true);
  });
});

it("nbd works in a working directory that is deleted", async () => {
  using folder = new Folder();
  await using server = await ServerProcess.start(["memory", "1M"]);
  const script = 'mkdir "$1" && cd "$1" && rmdir "$1" && "$2" info --size "$3" && "$2" copy "$3" null:';
  const args = [folder.join("gone"), command, server.uri()];
  expect(await succeed("/bin/sh", ["-c", script, "sh", ...args])).toBe("1048576\n");
});

/** Returns the peak memory of a process (Linux only). */
function peakBytes(pid: number): number {
  if (process.platform !== "linux") return 0;
  const line = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line![1]) * 1024;
}
