import { readlinkSync, renameSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { ended, Sandbox } from "../helpers/sandbox.ts";
import { hasTool } from "../helpers/tools.ts";
import { tracedPlugin } from "./traced-plugin.ts";

/** Serves until the plugin has reported an error, then ends. */
const complain = 'host.error("went wrong"); setImmediate(() => host.shutdown());';

function server(sandbox: Sandbox, ...options: string[]): string[] {
  return ["-f", "-U", "-", ...options, tracedPlugin(sandbox)];
}

describe("errors go to", () => {
  it.each([
    ["stderr", [], "nbdkit: error: went wrong\n"],
    ["stderr", ["--log=default"], "nbdkit: error: went wrong\n"],
    ["stderr", ["--log=stderr"], "nbdkit: error: went wrong\n"],
    ["stderr, with the name of the server", ["--name", "in0"], "nbdkit[in0]: error: went wrong\n"],
    ["no destination", ["--log=null"], ""],
    ["a missing system log, without an error", ["--log=syslog"], ""],
  ])("%s (%j)", async (_where, options, expected) => {
    await using sandbox = new Sandbox();
    const outcome = await sandbox.nbdkit(server(sandbox, ...options), { env: { AFTER_FORK: complain } });
    expect(outcome).toEqual({ status: 0, stdout: "", stderr: expected });
    await sandbox.empty();
  });

  it("a file, after its existing content", async () => {
    await using sandbox = new Sandbox();
    const path = sandbox.file("log", "before\n");
    for (const options of [[], ["--name=n"]]) {
      const args = server(sandbox, `--log=${path}`, ...options);
      const outcome = await sandbox.nbdkit(args, { env: { AFTER_FORK: complain } });
      expect(outcome).toEqual({ status: 0, stdout: "", stderr: "" });
    }
    expect(sandbox.read("log")).toBe("before\nnbdkit: error: went wrong\nnbdkit[n]: error: went wrong\n");
  });

  it("a new file under the old name after SIGHUP, which does not end the server", async () => {
    await using sandbox = new Sandbox();
    const path = sandbox.folder.join("log");
    const env = { AFTER_FORK: 'process.on("SIGUSR2", () => host.error("went wrong")); host.error("ready")' };
    const child = sandbox.start(nbdkit, server(sandbox, `--log=${path}`), { env });
    await until("the first error", () => sandbox.read("log"));
    child.kill("SIGUSR2");
    await until("the second error", () => sandbox.read("log")?.endsWith("wrong\n"));
    renameSync(path, `${path}.1`);
    child.kill("SIGHUP");
    await until("the new file", () => sandbox.read("log") !== undefined);
    child.kill("SIGUSR2");
    await until("the third error", () => sandbox.read("log"));
    expect(sandbox.read("log")).toBe("nbdkit: error: went wrong\n");
    expect(sandbox.read("log.1")).toBe("nbdkit: error: ready\nnbdkit: error: went wrong\n");
    child.kill("SIGTERM");
    expect(await ended(child)).toBe(0);
    await sandbox.empty();
  });
});

describe("a server that cannot start", () => {
  const line = /^nbdkit: error: you must specify size=<SIZE>[^\n]*\n$/;

  it.each(["default", "stderr", "syslog", "null"])(
    "prints the error on stderr with --log=%s",
    async (log) => {
      await using sandbox = new Sandbox();
      const { status, stderr } = await sandbox.nbdkit([`--log=${log}`, "-U", "-", "memory"]);
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(line) });
    },
  );

  it("writes the error to its log too", async () => {
    await using sandbox = new Sandbox();
    const log = sandbox.folder.join("log");
    const { status, stderr } = await sandbox.nbdkit([`--log=${log}`, "-U", "-", "memory"]);
    expect({ status, stderr, log: sandbox.read("log") }).toEqual({
      status: 1,
      stderr: expect.stringMatching(line),
      log: expect.stringMatching(line),
    });
  });

  it.each([
    ["--log=file", /^nbdkit: error: --log must be "default".*and is "file"\n$/],
    ["--log=", /^nbdkit: error: --log must be "default".*and is ""\n$/],
    ["--log=/no/such/folder/log", /^nbdkit: error: --log: ENOENT: no such file or directory, [^\n]*\n$/],
    ["--log=/", /^nbdkit: error: --log: EISDIR: [^\n]*\n$/],
  ])("refuses %s", async (option, expected) => {
    await using sandbox = new Sandbox();
    const { status, stderr } = await sandbox.nbdkit([option, "-f", "-U", "-", "null"]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(expected) });
  });
});

/**
 * A log daemon in a mount namespace: it prints the messages that nbdkit, its child process, sends to
 * /dev/log.
 */
const daemon = `
import os, socket, subprocess, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
os.chmod("/dev/log", 0o666)
status = subprocess.call(sys.argv[1:])
log.settimeout(20)
print(status, log.recv(4096).decode(), flush=True)
`;

import { until } from "../helpers/until.ts";

const ownFileSystem = "mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 2>/dev/null; exec python3";

describe.skipIf(!hasTool("unshare") || !hasTool("python3") || process.getuid?.() !== 0)(
  "the system log (skipped unless root with unshare and python3)",
  () => {
    it.each([
      ["--log=syslog", ["-f", "--log=syslog"], "went wrong"],
      ["--log=syslog and --name", ["-f", "--log=syslog", "--name=in0"], "nbdkit[in0]: went wrong"],
      ["the background", ["-P", "pid"], "went wrong"],
    ])("receives errors with %s", async (_how, options, expected) => {
      await using sandbox = new Sandbox();
      const script = sandbox.file("daemon.py", daemon);
      const args = ["-U", "socket", ...options, tracedPlugin(sandbox)];
      const child = sandbox.start(
        "unshare",
        ["--mount", "/bin/sh", "-c", `${ownFileSystem} "$@"`, "sh", script, nbdkit, ...args],
        { env: { AFTER_FORK: complain } },
      );
      const { stdout, stderr } = await outcomeOf(child);
      const pid = options.includes("-P") ? sandbox.read("pid")!.trim() : "\\d+";
      // Priority 27: an error (3) of a daemon (3 * 8).
      const line = new RegExp(`^0 <27>\\w+ +\\d+ [\\d:]+ nbdkit\\[${pid}\\]: (.*?)[\\0\\n]*$`);
      expect(stdout, stderr).toMatch(line);
      expect(line.exec(stdout)![1]).toBe(expected);
      await sandbox.empty();
    });
  },
);

describe.skipIf(process.platform !== "linux")("in the background stderr", () => {
  it.each([
    ["is left", [], "/dev/null"],
    ["is kept with -v", ["-v"], "err"],
    ["is kept with --log=stderr", ["--log=stderr"], "err"],
    ["is left with --log=null", ["--log=null"], "/dev/null"],
  ])("%s (%j)", async (_what, options, expected) => {
    await using sandbox = new Sandbox();
    await sandbox.sh(`"$nbdkit" ${options.join(" ")} -U socket -P pid null 2>err`);
    const pid = await sandbox.number("pid");
    const target = readlinkSync(`/proc/${pid}/fd/2`);
    expect(target).toBe(expected === "err" ? sandbox.folder.join("err") : expected);
    process.kill(pid, "SIGTERM");
    await sandbox.empty();
  });
});

describe("-v", () => {
  const verbose = ["-v", "--name=n", "-U", "-", "-P", "pid", "--filter=noextents", "memory", "1M"];

  it("traces each step in nbdkit's words", async () => {
    await using sandbox = new Sandbox();
    const { stderr } = await sandbox.nbdkit([...verbose, "--run", "true"]);
    const lines = stderr.trim().split("\n");
    for (const line of lines) expect(line).toMatch(/^nbdkit\[n\]: debug: /);
    const steps = lines.map((line) => line.slice("nbdkit[n]: debug: ".length));
    const expected = [
      /^nbdkit 1\.48\.\d+ /,
      /^registered plugin \/.* \(name memory\)$/,
      /^registered filter \/.* \(name noextents\)$/,
      /^request processing: noextents \(filter, first\) -> memory \(plugin, last\)$/,
      /^memory: config key=size, value=1M$/,
      /^memory: config_complete$/,
      /^using thread model: parallel$/,
      /^memory: get_ready$/,
      /^bound to unix socket \/.*\/socket$/,
      /^NBD URI: nbd\+unix:\/\/\?socket=/,
      /^written pidfile pid$/,
      /^memory: after_fork$/,
      /^noextents: cleanup$/,
      /^memory: unload plugin$/,
    ];
    const found = expected.map((pattern) => steps.findIndex((step) => pattern.test(step)));
    expect(found).not.toContain(-1);
    expect(found).toEqual([...found].sort((one, other) => one - other));
  });

  it("traces less with -D nbdkit.backend.controlpath=0", async () => {
    await using sandbox = new Sandbox();
    const args = [...verbose, "-D", "nbdkit.backend.controlpath=0", "--run", "true"];
    const { stderr } = await sandbox.nbdkit(args);
    expect(stderr).toContain("registered plugin");
    expect(stderr).not.toContain("get_ready");
  });

  it("names the addresses of all sockets", async () => {
    await using sandbox = new Sandbox();
    const { stderr } = await sandbox.nbdkit(["-v", "-4", "-p", "0", "null", "--run", "true"]);
    expect(stderr).toMatch(/^nbdkit: debug: bound to IPv4 address 0\.0\.0\.0:\d+$/m);
    expect(stderr).toMatch(/^nbdkit: debug: request processing: null \(plugin, first\)$/m);
  });

  it("traces the environment with -D nbdkit.environ=1", async () => {
    await using sandbox = new Sandbox();
    const args = [...verbose, "-D", "nbdkit.environ=1", "--run", "true"];
    const { stderr } = await sandbox.nbdkit(args, { env: { MARK: "here", LINES: "one\ntwo\x1b" } });
    expect(stderr).toContain("nbdkit[n]: debug: MARK=here\n");
    expect(stderr).toContain("nbdkit[n]: debug: LINES=one\\ntwo\\x1b\n");
  });

  it("does not print secrets", async () => {
    await using sandbox = new Sandbox();
    const plugin = sandbox.file(
      "secret.mjs",
      `import { password } from ${JSON.stringify(new URL("../../dist/plugin.js", import.meta.url).href)};
      export default { name: "secret", open() {}, parameters: { password: password({ help: "" }) } };`,
    );
    const { status, stderr } = await sandbox.nbdkit(["-v", plugin, "password=xyzzy", "--run", "true"]);
    expect(status).toBe(0);
    expect(stderr).toContain("secret: config key=password, value=***\n");
    expect(stderr).not.toContain("xyzzy");
  });
});
