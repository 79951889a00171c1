import { existsSync, mkdirSync, renameSync, statSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";
import { removeStaleSocket } from "../../src/native/socket-file.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { ended, Scene } from "./scene.ts";

/** Runs a server, and kills it in a way that it cannot clean up after. */
async function leaveSocket(scene: Scene): Promise<void> {
  const child = scene.start(nbdkit, ["-f", "-U", "socket", "-P", "pid", "null"]);
  await scene.number("pid");
  child.kill("SIGKILL");
  await ended(child);
  await scene.sh("rm pid");
  expect(existsSync(scene.folder.join("socket"))).toBe(true);
}

describe("a socket that a killed server left behind", () => {
  it.each([[["-f"]], [[]]])("does not keep the next one from listening there (%j)", async (options) => {
    await using scene = new Scene();
    await leaveSocket(scene);
    const child = scene.start(nbdkit, [...options, "-U", "socket", "-P", "pid", "null", "7"]);
    const status = ended(child);
    const pid = await scene.number("pid");
    expect((await scene.sh(`nbdinfo --size 'nbd+unix://?socket=socket'`)).stdout).toBe("7\n");
    process.kill(pid, "SIGTERM");
    expect(await status).toBe(0);
    await scene.empty();
  });

  it("is left alone by those who only look", async () => {
    await using scene = new Scene();
    await leaveSocket(scene);
    await scene.nbdkit(["-U", "socket", "null", "--version"]);
    await scene.nbdkit(["-U", "socket", "memory"]);
    expect(existsSync(scene.folder.join("socket"))).toBe(true);
  });
});

describe("a socket that somebody listens on", () => {
  it("is refused, and the server there does not notice", async () => {
    await using scene = new Scene();
    const child = scene.start(nbdkit, ["-v", "-f", "-U", "socket", "-P", "pid", "null", "7"]);
    const outcome = outcomeOf(child);
    await scene.number("pid");
    const second = await scene.nbdkit(["-f", "-U", "socket", "null"]);
    expect(second).toEqual({
      status: 1,
      stdout: "",
      stderr: `nbdkit: error: cannot listen on ${scene.folder.join("socket")}: Address already in use\n`,
    });
    expect((await scene.sh(`nbdinfo --size 'nbd+unix://?socket=socket'`)).stdout).toBe("7\n");
    child.kill("SIGTERM");
    const { stderr } = await outcome;
    expect(stderr.match(/accepted connection/g)).toHaveLength(1);
  });

  it.each(["SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET"])("of type %s stays, heard or not", async (type) => {
    await using scene = new Scene();
    const listener = `import socket, time
s = socket.socket(socket.AF_UNIX, socket.${type})
s.bind("socket")
open("bound", "w").write("1\\n")
time.sleep(1000)`;
    scene.start("python3", ["-c", listener]);
    await scene.number("bound");
    removeStaleSocket(scene.folder.join("socket"));
    expect(statSync(scene.folder.join("socket")).isSocket()).toBe(true);
  });
});

describe("what is no socket", () => {
  it("stays", async () => {
    await using scene = new Scene();
    const path = scene.file("socket", "precious");
    removeStaleSocket(path);
    expect(scene.read("socket")).toBe("precious");
    await scene.sh("ln -s socket link; mkfifo fifo");
    for (const name of ["link", "fifo", "nothing", "socket/below"])
      removeStaleSocket(scene.folder.join(name));
    expect((await scene.sh("ls")).stdout).toBe("fifo\nlink\nsocket\ntmp\n");
  });

  it("stays also when it is a link to a stale socket", async () => {
    await using scene = new Scene();
    await leaveSocket(scene);
    await scene.sh("ln -s socket link");
    removeStaleSocket(scene.folder.join("link"));
    const error = await new Promise((resolve) => connect(scene.folder.join("link")).once("error", resolve));
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
  });
});

/** Ends a server whose socket has been replaced, and tells whether what lies there now is still the same. */
async function endWith(scene: Scene, replace: () => void, options: readonly string[]): Promise<void> {
  const child = scene.start(nbdkit, ["-P", "pid", ...options]);
  const status = ended(child);
  const pid = await scene.number("pid");
  replace();
  process.kill(pid, "SIGTERM");
  expect(await status).toBe(0);
  await scene.empty();
}

describe("what has taken the place of a socket", () => {
  it.each([
    ["-U", ["-f", "-U", "socket", "null"]],
    ["-U in the background", ["-U", "socket", "null"]],
    ["pause-control", ["-f", "-U", "other", "--filter=pause", "null", "pause-control=socket"]],
  ])("stays when the server ends: a plain file (%s)", async (_name, options) => {
    await using scene = new Scene();
    const replace = (): void => {
      unlinkSync(scene.folder.join("socket"));
      scene.file("socket", "precious");
    };
    await endWith(scene, replace, options);
    expect(scene.read("socket")).toBe("precious");
  });

  it("stays when the server ends: the socket of its successor", async () => {
    await using scene = new Scene();
    const listener = `import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("socket")
s.listen()
open("bound", "w").write("1\\n")
time.sleep(1000)`;
    const child = scene.start(nbdkit, ["-f", "-U", "socket", "-P", "pid", "null"]);
    const status = ended(child);
    await scene.number("pid");
    unlinkSync(scene.folder.join("socket"));
    const successor = scene.start("python3", ["-c", listener]);
    await scene.number("bound");
    child.kill("SIGTERM");
    expect(await status).toBe(0);
    expect(successor.exitCode).toBe(null);
    expect(statSync(scene.folder.join("socket")).isSocket()).toBe(true);
  });

  it("stays when serve() of a program closes", async () => {
    await using scene = new Scene();
    const path = scene.folder.join("socket");
    {
      await using _ = await serve({ plugin: "null", listen: { kind: "unix", path } });
      unlinkSync(path);
      scene.file("socket", "precious");
    }
    expect(scene.read("socket")).toBe("precious");
  });

  it("stays when it is the folder of the socket that was moved away", async () => {
    await using scene = new Scene();
    mkdirSync(scene.folder.join("at"));
    const replace = (): void => {
      renameSync(scene.folder.join("at"), scene.folder.join("moved"));
      mkdirSync(scene.folder.join("at"));
      scene.file("at/socket", "precious");
    };
    await endWith(scene, replace, ["-f", "-U", "at/socket", "null"]);
    expect(scene.read("at/socket")).toBe("precious");
  });
});
