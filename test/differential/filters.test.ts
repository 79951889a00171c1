import { expect, it } from "vitest";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWithOracle, oracle } from "./oracle.ts";

/** Small and large requests of every kind. */
const requests = `
buffer = b"a" * 4096
for index in range(20): h.pwrite(buffer, index * 4096)
for index in range(7): h.pread(512, index * 1000)
h.pread(65536, 0)
h.pwrite(buffer[:1000], 8192, nbd.CMD_FLAG_FUA)
h.flush()
for index in range(2): h.zero(65536, 65536)
h.zero(512, 0, nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FUA)
h.trim(65536, 131072)
h.cache(65536, 0)
for index in range(2): h.block_status(1048576, 0, lambda *args: 0)
h.block_status(1000, 1000, lambda *args: 0, nbd.CMD_FLAG_REQ_ONE)
try: h.pread(512, 1048576 - 512)
except nbd.Error: pass
h.shutdown()
`;

interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Contents of the file that the filter wrote. */
  readonly file: string;
}

async function answerOf(program: string, args: readonly string[], script: string): Promise<Answer> {
  await using sandbox = new Sandbox();
  sandbox.file("requests.py", requests);
  sandbox.file("read.py", "try: h.pread(512, 1024)\nexcept nbd.Error: pass\nh.shutdown()\n");
  sandbox.file("a", "a".repeat(512));
  sandbox.file("b", "b".repeat(1024));
  const command = ["-U", "socket", ...args, "--run", script];
  const { status, stdout, stderr } = await outcomeOf(sandbox.start(program, command, { timeout: 60_000 }));
  return { status, stdout, stderr, file: sandbox.read("out") ?? "" };
}

const all = 'nbdsh --base-allocation -u "$uri" -c - < requests.py';

describeWithOracle(["nbdinfo", "nbdsh"], "our filters write and refuse the same as nbdkit's filters:", () => {
  const both = async (args: readonly string[], script: string): Promise<[Answer, Answer]> => [
    await answerOf(oracle, args, script),
    await answerOf(nbdkit, args, script),
  ];

  it.each([
    [
      [
        "-r",
        "--filter=log",
        "--filter=error",
        "pattern",
        "1M",
        "logfile=out",
        "error-pread-rate=1",
        "error=EPERM",
      ],
    ],
    [["-r", "--filter=log", "pattern", "1M", "logfile=out"]],
  ])("log, line by line: %j", async (args) => {
    const [theirs, ours] = await both(args, 'nbdsh -u "$uri" -c - < read.py');
    expect(lines(ours.file)).toEqual(lines(theirs.file).filter((line) => line !== "Fork"));
    expect(ours.file).toContain("Read id=1 offset=0x400 count=0x200");
  });

  it("log, for every kind of request", async () => {
    const [theirs, ours] = await both(["--filter=log", "memory", "1M", "logfile=out"], all);
    // Memory disks of nbdkit-node differ: they have block sizes, smaller pages, and fast zeroing.
    const comparable = (file: string): readonly string[] =>
      lines(file)
        .filter((line) => line !== "Fork")
        .map((line) => line.replace(/ minsize.* write/, " write").replace(/extents=\(.*\)/, "extents"));
    expect(ours.stderr).toBe(theirs.stderr);
    expect(comparable(ours.file)).toEqual(comparable(theirs.file));
  });

  it("stats, except the times", async () => {
    const [theirs, ours] = await both(["--filter=stats", "memory", "1M", "statsfile=out"], all);
    // nbdkit prints the bytes of all sizes where it says "other sizes".
    const withoutTimes = (file: string): string =>
      file
        .replace(/^(\w+: \d+ ops), [\d.]+ s, ([\d.]+ \w+).*$/gm, "$1 $2")
        .replace(/(other sizes: .* reqs), .*/g, "$1");
    expect(withoutTimes(ours.file)).toBe(withoutTimes(theirs.file));
    expect(ours.file).toContain("write: 21 ops");
  });

  it.each([
    [],
    ["exportname-list=empty"],
    ["exportname-list=defaultonly", "default-export=b"],
    ["exportname-list=explicit", "exportname=a", "exportname=c d", "exportdesc=fixed:hello"],
    ["exportname-list=explicit", "exportname=a", "exportname=b", 'exportdesc=script:echo "this is $name"'],
    ["exportname-strict=true", "exportname=a"],
    ["exportname-strict=true", "exportname=", "exportname=b", "default-export=b"],
    ["exportname-list=error"],
  ])("exportname %s %s %s %s", async (...parameters) => {
    const script = `for name in "" a b; do
        nbdsh -c "
h.set_export_name('$name')
h.connect_unix('$unixsocket')
print(h.get_size())" 2>/dev/null || echo refused
      done
      nbdsh --opt-mode -u "nbd+unix:///?socket=$unixsocket" -c "
try: h.opt_list(lambda *export: print(sorted([export])))
except nbd.Error: print('error')" | sort`;
    const args = ["--filter=exportname", "file", "dir=.", ...parameters.filter((word) => word !== undefined)];
    const [theirs, ours] = await both(args, script);
    const known = (text: string) =>
      text.split("\n").filter((line) => !/socket|requests|read|tmp|pid/.test(line));
    expect(known(ours.stdout)).toEqual(known(theirs.stdout));
  });

  it.each([
    [
      ["--filter=limit", "null", "1M"],
      `nbdsh -u "$uri" -c "import os" -c "os.system('nbdinfo --size $uri')"`,
    ],
    [["--filter=protect", "memory", "1M", "protect=0-511"], `nbdsh -u "$uri" -c "h.pwrite(b'1'*512, 0)"`],
    [
      ["--filter=error", "null", "1M", "error=ENOSPC", "error-rate=100%"],
      `nbdsh -u "$uri" -c "h.pread(1, 0)"`,
    ],
    [["--filter=ip", "null", "1M", "deny=any"], 'nbdinfo --size "$uri"'],
    [["--filter=ip", "null", "1M", "allow=uid:4242", "deny=anyunix"], 'nbdinfo --size "$uri"'],
    [["--filter=ip", "null", "1M", "allow=anyunix", "deny=any"], 'nbdinfo --size "$uri"'],
  ])("the refused requests and clients of %j", async (args, script) => {
    const [theirs, ours] = await both(args, script);
    expect([ours.status, ours.stdout]).toEqual([theirs.status, theirs.stdout]);
    const reason = /error: (?:limit: )?(.*?)(?: 0-511)?$/m.exec(theirs.stderr)?.[1];
    if (reason !== undefined) expect(ours.stderr).toContain(reason);
  });
});

/** Returns the lines without their times; 1.48.1 prints "!" instead of the time. */
function lines(log: string): readonly string[] {
  return log
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^(!|\S+ \S+) /, ""));
}
