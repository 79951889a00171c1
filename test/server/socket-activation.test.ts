import type { ChildProcess } from "node:child_process";
import { describe, expect, it } from "vitest";
import { outcomeOf } from "../helpers/run.ts";
import { printed, Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";

/** Executes nbdkit with listening Unix sockets as descriptors from 3 on, as systemd passes them. */
const activate = `
import os, socket, sys
count = int(sys.argv[1])
sockets = [socket.socket(socket.AF_UNIX) for _ in range(count)]
for number, one in enumerate(sockets):
    one.bind(f"socket{number}")
    one.listen()
copies = [os.dup(one.fileno()) for one in sockets]
for number, copy in enumerate(copies):
    os.dup2(copy, 50 + number)
for number in range(count):
    os.dup2(50 + number, 3 + number, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=sys.argv[2] if len(sys.argv[2]) else str(count), LISTEN_FDNAMES=os.environ.get("NAMES", "x"))
print("listening", flush=True)
os.execv(os.environ["nbdkit"], ["nbdkit"] + sys.argv[3:])
`;

function start(sandbox: Sandbox, sockets: number, fds: string, ...args: string[]): ChildProcess {
  return sandbox.start("python3", ["-c", activate, String(sockets), fds, ...args]);
}

describeWith(["python3", "nbdinfo"], "inherited listening sockets", () => {
  it("are all served, in the foreground", async () => {
    await using sandbox = new Sandbox();
    const child = start(sandbox, 2, "", "null", "777");
    const outcome = outcomeOf(child);
    await printed(child, "listening");
    for (const number of [0, 1]) {
      expect((await sandbox.sh(`nbdinfo --size 'nbd+unix://?socket=socket${number}'`)).stdout).toBe("777\n");
    }
    child.kill("SIGTERM");
    expect(await outcome).toEqual({ status: 0, stdout: "listening\n", stderr: "" });
    await sandbox.empty();
  });

  it.each([
    ["disk", ["fd 3 (disk)", "fd 4"]],
    ["disk:a\nb:more", ["fd 3 (disk)", "fd 4 (a\\nb)"]],
    [":second", ["fd 3", "fd 4 (second)"]],
    ["", ["fd 3", "fd 4"]],
  ])("appear in the log with their names, for LISTEN_FDNAMES=%j", async (names, expected) => {
    await using sandbox = new Sandbox();
    const args = ["-c", activate, "2", "", "-v", "-D", "nbdkit.environ=1", "null"];
    const child = sandbox.start("python3", args, { env: { NAMES: names } });
    const outcome = outcomeOf(child);
    await printed(child, "listening");
    // The client returns when the server accepts.
    await sandbox.sh("nbdinfo --size 'nbd+unix://?socket=socket0'");
    child.kill("SIGTERM");
    const { status, stderr } = await outcome;
    expect(status).toBe(0);
    const lines = [...stderr.matchAll(/^nbdkit: debug: socket activation: listening on (.*)$/gm)];
    expect(lines.map(([, line]) => line)).toEqual(expected);
    // The environment is that of the start.
    expect(stderr).toContain("debug: LISTEN_FDS=2\n");
    await sandbox.empty();
  });

  it.each([["-p", "0"], ["-U", "-"], ["-s"], ["--run", "true"], ["-i", "127.0.0.1"]])(
    "cannot be combined with %s",
    async (...args) => {
      await using sandbox = new Sandbox();
      const { status, stderr } = await outcomeOf(start(sandbox, 1, "", ...args, "null"));
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringContaining("cannot use socket activation"),
      });
    },
  );

  it.each(["0", "-1", "x", "1.5", "17"])("are refused with LISTEN_FDS=%s", async (fds) => {
    await using sandbox = new Sandbox();
    const { status, stderr } = await outcomeOf(start(sandbox, 1, fds, "null"));
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `nbdkit: error: socket activation: LISTEN_FDS=${fds} is out of range: use 1 to 16 sockets\n`,
    });
  });
});

describe("variables of socket activation", () => {
  it("are ignored when they are for another process", async () => {
    await using sandbox = new Sandbox();
    const env = { LISTEN_PID: "1", LISTEN_FDS: "1" };
    const outcome = await sandbox.nbdkit(["null", "--run", 'test -S "$unixsocket"'], { env });
    expect(outcome).toEqual({
      status: 0,
      stdout: "",
      stderr: "nbdkit: warning: LISTEN_PID was not for us (ignored)\n",
    });
  });

  it.each([
    // Node may have opened a descriptor of its own there.
    ["nothing", "<&-", "(EBADF: bad file descriptor, fstat|it is no socket)"],
    ["a file", "</dev/null", "it is no socket"],
  ])("are refused when descriptor 3 is %s", async (_what, redirection, fault) => {
    await using sandbox = new Sandbox();
    const script = `exec 3${redirection}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$nbdkit" null`;
    expect(await sandbox.sh(script)).toEqual({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(
        new RegExp(`^nbdkit: error: socket activation: invalid file descriptor fd = 3: ${fault}\\n$`),
      ),
    });
  });
});
