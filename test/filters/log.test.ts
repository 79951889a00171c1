import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import log from "../../src/filters/log.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { Folder } from "../helpers/folder.ts";
import { someClient } from "../helpers/hosts.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { overMemory, RecordingDisk, zeroFlags } from "./disks.ts";

testPlugin("log over memory", { ...overMemory(log, { logfile: "/dev/null" }), runs: 5 });
testPlugin("log to nowhere over memory", { ...overMemory(log), runs: 5 });

describe("log", () => {
  /** The lines without their timestamps. */
  async function linesOf(
    disk: RecordingDisk,
    act: (session: TestedChain) => Promise<unknown>,
  ): Promise<string[]> {
    using folder = new Folder();
    const parameters = { logfile: folder.join("log") };
    const session = await TestedChain.start({ plugin: disk.plugin, filters: [log], parameters });
    await act(session);
    await session[Symbol.asyncDispose]();
    const lines = readFileSync(folder.join("log"), "utf8").trimEnd().split("\n");
    return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} /, ""));
  }

  it("log records requests and their results", async () => {
    const disk = new RecordingDisk({
      read: () => Promise.reject(Object.assign(new Error("bad sector"), { code: "EIO" })),
      trim: () => {
        throw Object.assign(new Error("locked"), { code: "EROFS" });
      },
      extents: () => [
        { length: 512n, hole: false, zero: false },
        { length: 512n, hole: true, zero: true },
        { length: 512n, hole: false, zero: true },
      ],
      nativeFua: false,
    });
    const lines = await linesOf(disk, async (session) => {
      await session.chain.listExports(someClient);
      const exported = await session.open({ exportName: 'a "disk"', tls: true });
      await expect(exported.read(Buffer.alloc(512), 1024n)).rejects.toThrow("bad sector");
      await exported.write(Buffer.alloc(512), 0n, true);
      await exported.zero(0n, 512, { ...zeroFlags, fua: true });
      expect(() => exported.trim(0n, 512, false)).toThrow("locked");
      await exported.extents(0n, 1536, false);
      await exported.cache(0n, 1);
      await exported.flush();
      await session.close(exported);
    });
    expect(lines).toEqual([
      "Ready thread_model=3",
      "ListExports id=1 readonly=0 tls=0 ...",
      '...ListExports id=1 exports=("") return=0',
      "Preconnect id=1 readonly=0 ...",
      "...Preconnect id=1 return=0",
      'connection=1 Connect export="a \\"disk\\"" tls=1 size=0x10000 minsize=0x0 prefsize=0x0 maxsize=0x0 ' +
        "write=1 flush=1 rotational=0 trim=1 zero=2 fua=1 extents=1 cache=2 fast_zero=1",
      "connection=1 Read id=1 offset=0x400 count=0x200 ...",
      "connection=1 ...Read id=1 return=-1 error=EIO",
      "connection=1 Write id=2 offset=0x0 count=0x200 fua=1 ...",
      "connection=1 ...Write id=2 return=0",
      "connection=1 Zero id=3 offset=0x0 count=0x200 trim=1 fua=1 fast=0 ...",
      "connection=1 ...Zero id=3 return=0",
      "connection=1 Trim id=4 offset=0x0 count=0x200 fua=0 ...",
      "connection=1 ...Trim id=4 return=-1 error=EPERM",
      "connection=1 Extents id=5 offset=0x0 count=0x600 req_one=0 ...",
      'connection=1 ...Extents id=5 extents=(0x0 0x200 "" 0x200 0x200 "hole,zero" 0x400 0x200 "zero") return=0',
      "connection=1 Cache id=6 offset=0x0 count=0x1 ...",
      "connection=1 ...Cache id=6 return=0",
      "connection=1 Flush id=7 ...",
      "connection=1 ...Flush id=7 return=0",
      "connection=1 Disconnect transactions=7",
    ]);
  });

  it("log appends to the file with logappend=true", async () => {
    using folder = new Folder();
    const file = folder.file("log", "before\n");
    for (const [logappend, lines] of [
      ["true", 2],
      ["false", 1],
    ] as const) {
      const session = await TestedChain.start(overMemory(log, { logfile: file, logappend }));
      await session[Symbol.asyncDispose]();
      expect(readFileSync(file, "utf8").trimEnd().split("\n")).toHaveLength(lines);
    }
  });

  it("log runs a script for each line in order and ignores its exit status", async () => {
    await using sandbox = new Sandbox();
    const script = 'echo "$act $type $id $connection $return $error $offset" >> "$TMPDIR/../said"; exit 3';
    const { status } = await sandbox.nbdkit([
      ...["-U", "-", "--filter=log", "pattern", "1M", `logscript=${script}`],
      ...["--run", `nbdsh -u "$uri" -c "h.pread(512, 1024)"`],
    ]);
    expect(status).toBe(0);
    expect(
      sandbox
        .read("said")
        ?.split("\n")
        .map((line) => line.trimEnd()),
    ).toEqual([
      "Ready PRINT",
      "Preconnect ENTER 1",
      "Preconnect LEAVE 1  0",
      "Connect PRINT  1",
      "Read ENTER 1 1   0x400",
      "Read LEAVE 1 1 0",
      "Disconnect PRINT  1",
      "",
    ]);
  });
});
