import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { environment, nbdkit } from "../helpers/run.ts";
import { ended, printed, Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";

/** Prints each datagram that arrives at a socket as one line. */
const receiver = `
import socket, sys
name = sys.argv[1]
inbox = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
inbox.bind("\\0" + name[1:] if name.startswith("@") else name)
print("open", flush=True)
while True:
    print(inbox.recv(4096).decode().replace("\\n", " "), flush=True)
`;

async function receive(sandbox: Sandbox, socket: string): Promise<ChildProcess> {
  const child = sandbox.start("python3", ["-c", receiver, socket]);
  await printed(child, "open\n");
  return child;
}

describeWith(["python3"], "the service manager gets", () => {
  it.each([
    ["a path", (sandbox: Sandbox) => sandbox.folder.join("notify")],
    ["an abstract name", (sandbox: Sandbox) => `@nbdkit-node-test${sandbox.folder.path}`],
  ])("messages over %s when clients can connect, and when the server ends", async (_kind, socketOf) => {
    await using sandbox = new Sandbox();
    const socket = socketOf(sandbox);
    const inbox = await receive(sandbox, socket);
    const ready = printed(inbox, "READY=1 MAINPID=");
    const child = sandbox.start(nbdkit, ["-f", "-U", "-", "null"], { env: { NOTIFY_SOCKET: socket } });
    const pid = printed(inbox, `MAINPID=${child.pid}\n`);
    await ready;
    await pid;
    const stopping = printed(inbox, "STOPPING=1\n");
    child.kill("SIGTERM");
    await stopping;
    expect(await ended(child)).toBe(0);
  });

  it("the id of the serving process, when nbdkit goes to the background", async () => {
    await using sandbox = new Sandbox();
    const inbox = await receive(sandbox, "notify");
    const env = { NOTIFY_SOCKET: sandbox.folder.join("notify") };
    let said = "";
    inbox.stdout!.on("data", (chunk) => {
      said += chunk;
    });
    const ready = printed(inbox, "READY=1");
    await sandbox.nbdkit(["-U", "socket", "-P", "pid", "null"], { env });
    await ready;
    const pid = await sandbox.number("pid");
    expect(said).toContain(`MAINPID=${pid}`);
    process.kill(pid, "SIGTERM");
  });

  it("watchdog messages at half of the timeout", async () => {
    await using sandbox = new Sandbox();
    const inbox = await receive(sandbox, "notify");
    const alive = printed(inbox, "WATCHDOG=1\nWATCHDOG=1\n");
    const env = { NOTIFY_SOCKET: sandbox.folder.join("notify"), WATCHDOG_USEC: "20000" };
    const child = sandbox.start(nbdkit, ["-f", "-U", "-", "null"], { env });
    await alive;
    child.kill("SIGTERM");
    expect(await ended(child)).toBe(0);
  });

  it("no watchdog messages, when the watchdog is for another process", async () => {
    await using sandbox = new Sandbox();
    const inbox = await receive(sandbox, "notify");
    let said = "";
    inbox.stdout!.on("data", (chunk) => {
      said += chunk;
    });
    const stopping = printed(inbox, "STOPPING=1");
    const env = { NOTIFY_SOCKET: sandbox.folder.join("notify"), WATCHDOG_USEC: "1000", WATCHDOG_PID: "1" };
    await sandbox.nbdkit(["null", "--run", "sleep 0.1"], { env });
    await stopping;
    expect(said).toMatch(/^READY=1 MAINPID=\d+\nSTOPPING=1\n$/);
  });
});

describe("a NOTIFY_SOCKET that no process reads", () => {
  it.each(["/no/such/socket", "@no-reader", "vsock:2:1", `/${"x".repeat(200)}`])(
    "%s: is an error in the log, and does not keep the server from serving",
    async (socket) => {
      await using sandbox = new Sandbox();
      const { status, stderr } = await sandbox.nbdkit(["null", "--run", 'test -S "$unixsocket"'], {
        env: { NOTIFY_SOCKET: socket },
      });
      expect(status).toBe(0);
      expect(stderr.split("\n").slice(0, -1)).toEqual([
        expect.stringMatching(/^nbdkit: error: cannot send READY=1 to NOTIFY_SOCKET=.*: sendto: .*$/),
        expect.stringMatching(/^nbdkit: error: cannot send STOPPING=1 to NOTIFY_SOCKET=.*: sendto: .*$/),
      ]);
    },
  );
});

describe("a Node.js program that starts nbdkit over an IPC channel", () => {
  async function messageOf(sandbox: Sandbox, args: readonly string[]): Promise<[ChildProcess, unknown]> {
    const child = spawn(nbdkit, args, {
      cwd: sandbox.folder.path,
      env: { ...environment, TMPDIR: sandbox.temporary },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const [message] = await once(child, "message");
    return [child, message];
  }

  it("gets a message with the URI when clients can connect", async () => {
    await using sandbox = new Sandbox();
    const [child, message] = await messageOf(sandbox, ["-f", "-U", "socket", "null"]);
    const uri = `nbd+unix://?socket=${sandbox.folder.join("socket")}`;
    expect(message).toEqual({ type: "ready", pid: child.pid, uri });
    // The channel is closed, which must not end the server.
    child.disconnect();
    const { stdout } = await sandbox.sh(`nbdinfo --size '${uri}'`);
    expect(stdout).toBe("0\n");
    child.kill("SIGTERM");
    expect((await once(child, "exit"))[0]).toBe(0);
  });

  it("gets the id of the process that serves in the background", async () => {
    await using sandbox = new Sandbox();
    const [child, message] = await messageOf(sandbox, ["-U", "socket", "-P", "pid", "null"]);
    expect((await once(child, "exit"))[0]).toBe(0);
    const pid = await sandbox.number("pid");
    expect(message).toMatchObject({ type: "ready", pid });
    process.kill(pid, "SIGTERM");
  });

  it("does not share its channel with the command of --run", async () => {
    await using sandbox = new Sandbox();
    const [child] = await messageOf(sandbox, ["null", "--run", "ls -l /proc/self/fd >fds; env >env"]);
    expect((await once(child, "exit"))[0]).toBe(0);
    expect(sandbox.read("fds")).not.toContain("socket:");
    expect(sandbox.read("env")).not.toContain("NODE_CHANNEL");
  });
});
