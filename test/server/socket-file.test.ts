import { existsSync, mkdirSync, renameSync, statSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";
import { removeStaleSocket } from "../../src/native/socket-file.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { ended, Sandbox } from "../helpers/sandbox.ts";

/** Runs a server, and kills it without a chance to clean up. */
async function leaveSocket(sandbox: Sandbox): Promise<void> {
  const child = sandbox.start(nbdkit, ["-f", "-U", "socket", "-P", "pid", "null"]);
  await sandbox.number("pid");
  child.kill("SIGKILL");
  await ended(child);
  await sandbox.sh("rm pid");
  expect(existsSync(sandbox.folder.join("socket"))).toBe(true);
}

describe("a socket that a killed server left behind", () => {
  it.each([[["-f"]], [[]]])(
    "does not keep the next server from listening on its path (%j)",
    async (options) => {
      await using sandbox = new Sandbox();
      await leaveSocket(sandbox);
      const child = sandbox.start(nbdkit, [...options, "-U", "socket", "-P", "pid", "null", "7"]);
      const status = ended(child);
      const pid = await sandbox.number("pid");
      expect((await sandbox.sh(`nbdinfo --size 'nbd+unix://?socket=socket'`)).stdout).toBe("7\n");
      process.kill(pid, "SIGTERM");
      expect(await status).toBe(0);
      await sandbox.empty();
    },
  );

  it("stays when nbdkit ends before it listens", async () => {
    await using sandbox = new Sandbox();
    await leaveSocket(sandbox);
    await sandbox.nbdkit(["-U", "socket", "null", "--version"]);
    await sandbox.nbdkit(["-U", "socket", "memory"]);
    expect(existsSync(sandbox.folder.join("socket"))).toBe(true);
  });
});

describe("a socket in use", () => {
  it("is refused, and the server on it continues", async () => {
    await using sandbox = new Sandbox();
    const child = sandbox.start(nbdkit, ["-v", "-f", "-U", "socket", "-P", "pid", "null", "7"]);
    const outcome = outcomeOf(child);
    await sandbox.number("pid");
    const second = await sandbox.nbdkit(["-f", "-U", "socket", "null"]);
    expect(second).toEqual({
      status: 1,
      stdout: "",
      stderr: `nbdkit: error: cannot listen on ${sandbox.folder.join("socket")}: Address already in use\n`,
    });
    expect((await sandbox.sh(`nbdinfo --size 'nbd+unix://?socket=socket'`)).stdout).toBe("7\n");
    child.kill("SIGTERM");
    const { stderr } = await outcome;
    expect(stderr.match(/accepted connection/g)).toHaveLength(1);
  });

  it.each(["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"])(
    "of type %s stays, whether a process listens on it or not",
    async (type) => {
      await using sandbox = new Sandbox();
      const listener = `import socket, time
s = socket.socket(socket.AF_UNIX, socket.${type})
s.bind("socket")
open("bound", "w").write("1\\n")
time.sleep(1000)`;
      sandbox.start("python3", ["-c", listener]);
      await sandbox.number("bound");
      removeStaleSocket(sandbox.folder.join("socket"));
      expect(statSync(sandbox.folder.join("socket")).isSocket()).toBe(true);
    },
  );
});

describe("a path that is no socket", () => {
  it("stays", async () => {
    await using sandbox = new Sandbox();
    const path = sandbox.file("socket", "precious");
    removeStaleSocket(path);
    expect(sandbox.read("socket")).toBe("precious");
    await sandbox.sh("ln -s socket link; mkfifo fifo");
    for (const name of ["link", "fifo", "nothing", "socket/below"])
      removeStaleSocket(sandbox.folder.join(name));
    expect((await sandbox.sh("ls")).stdout).toBe("fifo\nlink\nsocket\ntmp\n");
  });

  it("stays also when it is a link to a stale socket", async () => {
    await using sandbox = new Sandbox();
    await leaveSocket(sandbox);
    await sandbox.sh("ln -s socket link");
    removeStaleSocket(sandbox.folder.join("link"));
    const error = await new Promise((resolve) => connect(sandbox.folder.join("link")).once("error", resolve));
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
  });
});

/** Ends a server whose socket has been replaced, and returns whether the new file is still there. */
async function endWith(sandbox: Sandbox, replace: () => void, options: readonly string[]): Promise<void> {
  const child = sandbox.start(nbdkit, ["-P", "pid", ...options]);
  const status = ended(child);
  const pid = await sandbox.number("pid");
  replace();
  process.kill(pid, "SIGTERM");
  expect(await status).toBe(0);
  await sandbox.empty();
}

describe("a file that has replaced a socket", () => {
  it.each([
    ["-U", ["-f", "-U", "socket", "null"]],
    ["-U in the background", ["-U", "socket", "null"]],
    ["pause-control", ["-f", "-U", "other", "--filter=pause", "null", "pause-control=socket"]],
  ])("stays when the server ends: a plain file (%s)", async (_name, options) => {
    await using sandbox = new Sandbox();
    const replace = (): void => {
      unlinkSync(sandbox.folder.join("socket"));
      sandbox.file("socket", "precious");
    };
    await endWith(sandbox, replace, options);
    expect(sandbox.read("socket")).toBe("precious");
  });

  it("stays when the server ends: the socket of its successor", async () => {
    await using sandbox = new Sandbox();
    const listener = `import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("socket")
s.listen()
open("bound", "w").write("1\\n")
time.sleep(1000)`;
    const child = sandbox.start(nbdkit, ["-f", "-U", "socket", "-P", "pid", "null"]);
    const status = ended(child);
    await sandbox.number("pid");
    unlinkSync(sandbox.folder.join("socket"));
    const successor = sandbox.start("python3", ["-c", listener]);
    await sandbox.number("bound");
    child.kill("SIGTERM");
    expect(await status).toBe(0);
    expect(successor.exitCode).toBe(null);
    expect(statSync(sandbox.folder.join("socket")).isSocket()).toBe(true);
  });

  it("stays when serve() of a program closes", async () => {
    await using sandbox = new Sandbox();
    const path = sandbox.folder.join("socket");
    {
      await using _ = await serve({ plugin: "null", listen: { kind: "unix", path } });
      unlinkSync(path);
      sandbox.file("socket", "precious");
    }
    expect(sandbox.read("socket")).toBe("precious");
  });

  it("stays when it is the folder from which the socket was moved away", async () => {
    await using sandbox = new Sandbox();
    mkdirSync(sandbox.folder.join("at"));
    const replace = (): void => {
      renameSync(sandbox.folder.join("at"), sandbox.folder.join("moved"));
      mkdirSync(sandbox.folder.join("at"));
      sandbox.file("at/socket", "precious");
    };
    await endWith(sandbox, replace, ["-f", "-U", "at/socket", "null"]);
    expect(sandbox.read("at/socket")).toBe("precious");
  });
});
