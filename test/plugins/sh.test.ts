import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { NbdServer } from "../../src/api/nbd-server.ts";
import { serve } from "../../src/api/serve.ts";
import { connect, listExports } from "../../src/client/index.ts";
import { valueFor } from "../helpers/answers.ts";
import { Folder } from "../helpers/folder.ts";
import { isRunning } from "../helpers/processes.ts";
import { nbdkit, succeed } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { scriptDisk as disk } from "../helpers/script-disk.ts";
import { until } from "../helpers/until.ts";

function served(methods: Readonly<Record<string, string>>, errors: string[] = []): Promise<NbdServer> {
  const log = { verbose: false, error: (line: string) => void errors.push(line), debug: () => {} };
  return serve({ plugin: "eval", parameters: { ...disk, ...methods }, log });
}

describe("the extents of a script", () => {
  it("may have blank lines and comments between them", async () => {
    const extents = "printf '# all\\n\\n0 64k\\n \\t\\n  #64k 1\\n64K 192K hole,zero\\n#'";
    await using server = await served({ extents });
    await using client = await connect(server.uri);
    const found = await client.blockStatus(0n, 256 * 1024);
    expect(found.get("base:allocation")).toEqual([
      { length: 64n * 1024n, state: 0n },
      { length: 192n * 1024n, state: 3n },
    ]);
  });
});

describe("the exit codes of a script", () => {
  it.each([
    [4, undefined],
    [5, "ESHUTDOWN"],
  ])("%i stops the server, and the request gets its answer", async (status, code) => {
    const server = await served({ pwrite: `cat >/dev/null; exit ${status}` });
    const client = await connect(server.uri);
    const answer = client.write(0n, Buffer.alloc(512));
    if (code === undefined) await answer;
    else await expect(answer).rejects.toMatchObject({ code });
    await server.closed;
    await client.closed;
  });

  it("6 closes the client's connection and no other connection", async () => {
    await using server = await served({ pwrite: "exit 6" });
    await using other = await connect(server.uri);
    const client = await connect(server.uri);
    await expect(client.write(0n, Buffer.alloc(512))).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(await other.read(0n, 1)).toEqual(Buffer.alloc(1));
  });

  it.each([
    [7, undefined],
    [8, "ESHUTDOWN"],
  ])(
    "%i refuses all requests of the client after the answer, without calling the script",
    async (status, code) => {
      const broken = { pread: "exit 1", flush: "exit 1", zero: "exit 1" };
      await using server = await served({ ...broken, pwrite: `cat >/dev/null; exit ${status}` });
      await using client = await connect(server.uri);
      const answer = client.write(0n, Buffer.alloc(512));
      if (code === undefined) await answer;
      else await expect(answer).rejects.toMatchObject({ code });
      for (const ask of [() => client.read(0n, 512), () => client.flush(), () => client.zero(0n, 512)])
        await expect(ask()).rejects.toMatchObject({ code: "ESHUTDOWN" });
      await using other = await connect(server.uri);
      await expect(other.read(0n, 1)).rejects.toMatchObject({ code: "EIO" });
    },
  );

  it.each(["preconnect", "default_export", "open", "get_size", "can_flush"])(
    "7 of %s refuses all requests from the first one on",
    async (method) => {
      const methods = { default_export: "echo x", open: "echo h", ...disk };
      const body = (methods as Record<string, string>)[method] ?? ":";
      await using server = await served({ ...methods, [method]: `${body.replace("exit 0", ":")}; exit 7` });
      await using client = await connect(server.uri);
      await expect(client.read(0n, 512)).rejects.toMatchObject({ code: "ESHUTDOWN" });
    },
  );

  it.each(["default_export", "list_exports"])("6 of %s closes the connection", async (method) => {
    await using server = await served({ [method]: "exit 6" });
    const asked = method === "list_exports" ? listExports(server.uri) : connect(server.uri);
    await expect(asked).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it.each([1, 9, 16, 255])("%i is an error", async (status) => {
    const errors: string[] = [];
    await using server = await served({ pread: `echo ENOSPC full >&2; exit ${status}` }, errors);
    await using client = await connect(server.uri);
    await expect(client.read(0n, 512)).rejects.toMatchObject({ code: "ENOSPC" });
    expect(errors).toEqual(["read: pread: full"]);
  });
});

describe("what a script prints on stderr", () => {
  const traceback = "Traceback (most recent call last):\n  File x\nConnectionRefusedError: port 1";
  const long = "1234567890".repeat(200);

  it.each([
    ["the code and the first line", "ENOSPC full", "ENOSPC", "full"],
    ["several lines", traceback, "EIO", traceback.replace(/\s*\n\s*/g, " ")],
    ["a code and several lines", `EPERM\n${traceback}\n\n`, "EPERM", traceback.replace(/\s*\n\s*/g, " ")],
    [
      "a very long text",
      `${long}\nthe end`,
      "EIO",
      `${long.slice(0, 300)} [...] ${long.slice(-692)} the end`,
    ],
  ])(
    "is the message of its error, for the client and in the log: %s",
    async (_what, stderr, code, message) => {
      const errors: string[] = [];
      await using server = await served({ pread: `cat >&2 <<'E'\n${stderr}\nE\nexit 1` }, errors);
      await using client = await connect(server.uri);
      const expected = `pread: ${message}`;
      await expect(client.read(0n, 512)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(expected),
      });
      expect(errors).toEqual([`read: ${expected}`]);
    },
  );
});

describe("a script that does not read its stdin", () => {
  it.each([
    ["ends at once", "exit 0"],
    ["closes its stdin first", "exec <&-; exit 0"],
    ["reads the first byte only", "dd bs=1 count=1 >/dev/null 2>&1"],
    [
      "leaves a process behind that holds its stdin",
      "sleep 1000 <&0 >/dev/null 2>&1 & echo $! >>$tmpdir/pids",
    ],
  ])("succeeds with status 0 when it %s", async (_how, pwrite) => {
    const errors: string[] = [];
    const unload = "test ! -f $tmpdir/pids || kill $(cat $tmpdir/pids)";
    await using server = await served({ pwrite, unload }, errors);
    await using client = await connect(server.uri);
    for (const length of [1, 4096, 256 * 1024]) await client.write(0n, Buffer.alloc(length, 1));
    expect(errors).toEqual([]);
  });

  it("fails with a nonzero status", async () => {
    await using server = await served({ pwrite: "exec <&-; echo ENOSPC full >&2; exit 1" });
    await using client = await connect(server.uri);
    const writing = client.write(0n, Buffer.alloc(256 * 1024));
    await expect(writing).rejects.toMatchObject({ code: "ENOSPC", message: expect.stringContaining("full") });
  });
});

describe("a faulty script", () => {
  it.each([
    ["prints too little", { pread: "echo" }, /printed 1 bytes instead of 512/],
    ["never stops printing", { pread: "cat /dev/zero" }, /printed more than 512 bytes/],
    ["is killed", { pread: "kill -9 $$" }, /terminated by signal 9/],
  ])("fails only one request when it %s", async (_what, methods, reason) => {
    const errors: string[] = [];
    await using server = await served(methods, errors);
    await using client = await connect(server.uri);
    await expect(client.read(0n, 512)).rejects.toMatchObject({ code: "EIO" });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(reason);
  });

  it("is closed when opening fails because its size cannot be parsed", async () => {
    using folder = new Folder();
    const closed = folder.join("closed");
    await using server = await served({ get_size: "echo much", close: `touch ${closed}` });
    await expect(connect(server.uri)).rejects.toThrow(/could not parse size string: much/);
    expect(existsSync(closed)).toBe(true);
  });
});

describe("$tmpdir of a script", () => {
  it("exists until the server ends, and the server then kills running scripts", async () => {
    using folder = new Folder();
    const [note, pid] = [folder.join("note"), folder.join("pid")];
    const server = await served({
      get_ready: `echo $tmpdir >${note}; touch $tmpdir/disk`,
      pread: `echo $$ >${pid}; exec sleep 1000`,
      unload: `test -d $tmpdir && echo unloaded >>${note}`,
    });
    const client = await connect(server.uri);
    const answer = client.read(0n, 512).catch(() => {});
    await until("the script", () => existsSync(pid) && /\d\n/.test(readFileSync(pid, "utf8")));
    const [tmpdir] = readFileSync(note, "utf8").split("\n");
    expect(existsSync(tmpdir!)).toBe(true);
    await server.destroy();
    await answer;
    expect(readFileSync(note, "utf8")).toBe(`${tmpdir}\nunloaded\n`);
    expect(existsSync(tmpdir!)).toBe(false);
    await until("the end of the script", () => !isRunning(Number(readFileSync(pid, "utf8"))));
  });
});

describe("--dump-plugin", () => {
  it("prints the lines of the script's methods thread_model and dump_plugin", async () => {
    await using sandbox = new Sandbox();
    const script = "case $1 in thread_model) echo parallel ;; dump_plugin) echo a=b=c ;; *) exit 2 ;; esac";
    sandbox.file("script", script);
    const stdout = await succeed("/bin/sh", ["-c", `"$0" sh - --dump-plugin <script`, nbdkit], {
      cwd: sandbox.folder.path,
      env: { TMPDIR: sandbox.temporary },
    });
    const outcome = { status: 0, stdout, stderr: "" };
    expect(["thread_model", "max_known_status", "a"].map((key) => valueFor(outcome, key))).toEqual([
      "parallel",
      "8",
      "b=c",
    ]);
    expect(sandbox.leftFiles).toEqual([]);
  });
});
