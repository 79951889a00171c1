import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/client/connect.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { ended, printed, Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";
import { steps, tracedPlugin } from "./traced-plugin.ts";

/** Stops the server whose pidfile is `pid`, and expects that no process and no file remain. */
async function stop(sandbox: Sandbox): Promise<void> {
  process.kill(await sandbox.number("pid"), "SIGTERM");
  await sandbox.empty();
}

describe.skipIf(process.platform !== "linux")("nbdkit without -f", () => {
  it("returns with status 0 when clients can connect, and continues to serve", async () => {
    await using sandbox = new Sandbox();
    const outcome = await sandbox.nbdkit(["-U", "socket", "-P", "pid", "null"]);
    expect(outcome).toEqual({ status: 0, stdout: "", stderr: "" });
    const connected = await sandbox.sh(
      `python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("socket"); print(s.recv(8))'`,
    );
    expect(connected.stdout).toBe("b'NBDMAGIC'\n");
    await stop(sandbox);
    expect(existsSync(sandbox.folder.join("socket"))).toBe(false);
    expect((await sandbox.sh("ls")).stdout).toBe("pid\ntmp\n");
  });

  it("writes the process id of the server before it returns", async () => {
    await using sandbox = new Sandbox();
    await sandbox.nbdkit(["-U", "socket", "-P", "pid", "null"]);
    expect(sandbox.processes).toEqual([await sandbox.number("pid")]);
    await stop(sandbox);
  });

  it("releases the terminal, the working directory and the streams of the process that started it", async () => {
    await using sandbox = new Sandbox();
    // Otherwise the pipe would keep cat, and so the script, from ending.
    const { stdout } = await sandbox.sh(`"$nbdkit" -U socket -P pid null 2>&1 | cat; echo free`);
    expect(stdout).toBe("free\n");
    const pid = await sandbox.number("pid");
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe("/");
    for (const fd of [0, 1, 2]) expect(readlinkSync(`/proc/${pid}/fd/${fd}`)).toBe("/dev/null");
    const [, , session] = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")
      .slice(1);
    expect(Number(session)).toBe(pid);
    await stop(sandbox);
  });

  it("reports why it cannot serve also after it has released its streams", async () => {
    await using sandbox = new Sandbox();
    const unreachable = ["nbd", "socket=/nonexist", "shared=true"];
    const outcome = await sandbox.nbdkit(["-U", "socket", ...unreachable]);
    expect(outcome).toMatchObject({ status: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/^nbdkit: error: .*connect ENOENT.*\n$/);
    const { status, stderr } = await sandbox.nbdkit(["-v", "-U", "socket", ...unreachable]);
    expect(status).toBe(1);
    expect(stderr.match(/error: /g)).toHaveLength(1);
    await sandbox.empty();
  });

  it("keeps stderr open with -v", async () => {
    await using sandbox = new Sandbox();
    await sandbox.sh(`"$nbdkit" -v -U socket -P pid null 2>log`);
    const pid = await sandbox.number("pid");
    expect(readlinkSync(`/proc/${pid}/fd/2`)).toBe(sandbox.folder.join("log"));
    await stop(sandbox);
  });

  it("resolves relative paths against the original directory after it has changed to /", async () => {
    await using sandbox = new Sandbox();
    sandbox.file("disk", "x".repeat(512));
    await sandbox.nbdkit(["-U", "socket", "-P", "pid", "file", "disk"]);
    const size = await sandbox.sh(`nbdinfo --size 'nbd+unix://?socket=socket'`);
    expect(size.stdout).toBe("512\n");
    await stop(sandbox);
  });

  it("keeps the descriptors that it inherited", async () => {
    await using sandbox = new Sandbox();
    sandbox.file("disk", "x".repeat(1024));
    for (const fd of [5, 9]) {
      const started = await sandbox.sh(`"$nbdkit" -U socket -P pid file fd=${fd} ${fd}<disk`);
      expect(started).toEqual({ status: 0, stdout: "", stderr: "" });
      expect((await sandbox.sh(`nbdinfo --size 'nbd+unix://?socket=socket'`)).stdout).toBe("1024\n");
      await stop(sandbox);
      await sandbox.sh("rm pid");
    }
  });

  it.each([
    ["an unknown plugin", ["no-such-plugin"], /^nbdkit: error: cannot open plugin 'no-such-plugin'/],
    ["a missing parameter", ["memory"], /^nbdkit: error: you must specify size=<SIZE>/],
    [
      "a socket that cannot be bound",
      ["-U", "no/socket", "null"],
      /^nbdkit: error: cannot listen on .*No such file or directory\n$/,
    ],
    [
      "a pidfile that cannot be written",
      ["-P", "no/pid", "null"],
      /^nbdkit: error: cannot write the pidfile/,
    ],
    ["an internal error of the plugin", ["./broken.mjs"], /^nbdkit: error: internal error: broken\n$/],
  ])("reports %s on the terminal, with status 1", async (_what, args, expected) => {
    await using sandbox = new Sandbox();
    sandbox.file(
      "broken.mjs",
      `export default { name: "broken", open() {}, getReady: () => new Promise(() => setTimeout(() => { throw new Error("broken") })) }`,
    );
    const where = args.includes("-U") ? [] : ["-U", "socket"];
    const { status, stdout, stderr } = await sandbox.nbdkit([...where, ...args]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(expected);
    await sandbox.empty();
  });

  it("runs every step of a plugin once, in the serving process", async () => {
    await using sandbox = new Sandbox();
    await sandbox.nbdkit(["-U", "socket", "-P", "pid", tracedPlugin(sandbox)]);
    await stop(sandbox);
    expect(sandbox.read("trace")?.trim().split("\n")).toEqual(steps);
  });

  it("ends when a signal arrives before it serves", async () => {
    await using sandbox = new Sandbox();
    const hanging = `process.stdout.write("ready"); return new Promise((resolve) => setTimeout(resolve, 1e6))`;
    const plugin = sandbox.file(
      "slow.mjs",
      `export default { name: "slow", open() {}, getReady() { ${hanging} } }`,
    );
    const child = sandbox.start(nbdkit, ["-U", "socket", plugin]);
    await printed(child, "ready");
    child.kill("SIGTERM");
    await outcomeOf(child);
    await sandbox.empty();
  });
});

describeWith(["script"], "nbdkit started on a terminal without -f", () => {
  it("continues when the terminal is closed", async () => {
    await using sandbox = new Sandbox();
    const child = sandbox.start("script", ["-qec", '"$nbdkit" -U socket -P pid null', "/dev/null"]);
    expect(await ended(child)).toBe(0);
    const pid = await sandbox.number("pid");
    await until("the terminal's end", () => sandbox.processes.length === 1);
    expect(() => process.kill(pid, 0)).not.toThrow();
    await stop(sandbox);
  });
});

describe.skipIf(process.platform !== "linux")("relative names of a server in the background", () => {
  // Not "tmp", because "/" has a folder of that name too.
  const temporary = "temporary";
  const relative = { env: { TMPDIR: temporary } };

  it.each([
    ["cow", ["--filter=cow", "memory", "1M"]],
    ["cow over all data", ["--filter=cow", "memory", "1M", "cow-on-read=true"]],
    ["cache", ["--filter=cache", "memory", "1M"]],
    ["cache of all reads", ["--filter=cache", "memory", "1M", "cache-on-read=true", "cache=writeback"]],
  ])("TMPDIR is where %s keeps the data that clients write", async (_name, args) => {
    await using sandbox = new Sandbox(temporary);
    expect(await sandbox.nbdkit(["-U", "socket", "-P", "pid", ...args], relative)).toMatchObject({
      status: 0,
    });
    await using client = await connect(`nbd+unix:///?socket=${sandbox.folder.join("socket")}`);
    await client.write(512n, Buffer.alloc(512, "x"));
    expect((await client.read(0n, 1024)).toString("latin1", 511, 514)).toBe("\0xx");
    await client.close();
    await stop(sandbox);
  });

  it("TMPDIR is where scripts have their folder, and where the script itself is", async () => {
    await using sandbox = new Sandbox(temporary);
    sandbox.file(
      "script",
      'case $1 in get_size) echo 7 > "$tmpdir/size"; cat "$tmpdir/size";; pread) ;; *) exit 2;; esac',
    );
    const started = await sandbox.sh('"$nbdkit" -U socket -P pid sh - < script', relative);
    expect(started).toEqual({ status: 0, stdout: "", stderr: "" });
    await using client = await connect(`nbd+unix:///?socket=${sandbox.folder.join("socket")}`);
    expect(client.size).toBe(7n);
    await client.close();
    await stop(sandbox);
  });

  it("the program of the plugin nbd, and the socket of its URI, are relative to the user's directory", async () => {
    await using sandbox = new Sandbox(temporary);
    sandbox.file("far", `#!/bin/sh\nexec "${nbdkit}" -f null 7\n`);
    await sandbox.sh("chmod +x far");
    const far = await sandbox.nbdkit(["-U", "far-socket", "-P", "pid", "nbd", "command=./far"], relative);
    expect(far).toEqual({ status: 0, stdout: "", stderr: "" });
    const near = ["-U", "socket", "-P", "near-pid", "nbd", "nbd+unix:///?socket=far-socket"];
    expect(await sandbox.nbdkit(near, relative)).toEqual({ status: 0, stdout: "", stderr: "" });
    await using client = await connect(`nbd+unix:///?socket=${sandbox.folder.join("socket")}`);
    expect(client.size).toBe(7n);
    await client.close();
    process.kill(await sandbox.number("near-pid"), "SIGTERM");
    await stop(sandbox);
  });
});

describe.skipIf(process.platform !== "linux")("a FIFO as pidfile", () => {
  it.each([
    ["in the background", '"$nbdkit" -U socket -P fifo null && cat fifo'],
    ["for the command of --run", `"$nbdkit" -U socket -P fifo null --run 'cat fifo'`],
    ["in the foreground", '"$nbdkit" -f -U socket -P fifo null >/dev/null 2>&1 & cat fifo'],
    ["whose reader comes first", 'cat fifo & "$nbdkit" -U socket -P fifo null; wait'],
  ])("does not delay serving, and its reader gets the process id (%s)", async (_how, script) => {
    await using sandbox = new Sandbox();
    await sandbox.sh("mkfifo fifo");
    const { status, stdout, stderr } = await sandbox.sh(script);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const pid = Number(/^(\d+)\n$/.exec(stdout)?.[1]);
    expect(pid).toBeGreaterThan(0);
    if (!script.includes("--run")) {
      expect(sandbox.processes).toEqual([pid]);
      process.kill(pid, "SIGTERM");
    }
    await sandbox.empty();
  });

  it("does not keep the server from ending at a signal", async () => {
    await using sandbox = new Sandbox();
    await sandbox.sh("mkfifo fifo");
    await sandbox.sh('"$nbdkit" -U socket -P fifo null');
    const [pid] = sandbox.processes;
    process.kill(pid!, "SIGTERM");
    await sandbox.empty();
    expect(existsSync(sandbox.folder.join("socket"))).toBe(false);
  });

  it("is refused as --log when no program reads it", async () => {
    await using sandbox = new Sandbox();
    await sandbox.sh("mkfifo fifo");
    const { status, stderr } = await sandbox.nbdkit([
      "-U",
      "socket",
      `--log=${sandbox.folder.join("fifo")}`,
      "null",
    ]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^nbdkit: error: --log: .*: no program reads this FIFO: start its reader first\n$/,
    );
  });
});
