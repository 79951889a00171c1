import { type ChildProcess, execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { constants } from "node:os";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { successReply } from "../../../src/protocol/reply.ts";
import { statusChunk } from "../../../src/protocol/status-reply.ts";
import { type Answer, FakeServer } from "../../helpers/fake-server.ts";
import { Folder } from "../../helpers/folder.ts";
import { nbd as command, launch, type Outcome, outcomeOf, run } from "../../helpers/run.ts";
import { until } from "../../helpers/until.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function start(args: readonly string[]): { child: ChildProcess; outcome: Promise<Outcome> } {
  const child = launch(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin!.on("error", () => {});
  return { child, outcome: outcomeOf(child) };
}

/** A server that accepts connections and sends nothing. */
async function silentServer(
  folder: Folder,
): Promise<{ uri: string; connected: Promise<unknown> } & AsyncDisposable> {
  const server = createServer();
  const connected = new Promise<void>((resolve) => {
    server.once("connection", (socket) => {
      socket.on("error", () => {});
      resolve();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(folder.join("silent"), resolve);
  });
  return {
    uri: `nbd+unix:///?socket=${folder.join("silent")}`,
    connected,
    async [Symbol.asyncDispose](): Promise<void> {
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Replies to the requests that `does` allows. All other requests get no reply. */
const only =
  (...does: string[]): Answer =>
  (request, { form, reply }) => {
    if (request.kind === "refused") throw new Error(request.reason);
    if (!does.includes(request.kind)) return;
    reply(successReply(form, request.cookie, "offset" in request ? request.offset : 0n));
  };

/** Block status with extents of one byte; adjacent extents have different states. */
const tinyExtents: Answer = (request, { form, reply }) => {
  if (request.kind !== "blockStatus") return;
  const extents = Array.from({ length: 10_000 }, (_, index) => ({ length: 1n, state: BigInt(index % 2) }));
  const { cookie, offset } = request;
  reply(statusChunk({ form, cookie, offset } as Parameters<typeof statusChunk>[0], 1, extents, true));
};

const asked = (server: FakeServer, kind: string): Promise<boolean> =>
  until(`a request to ${kind}`, () => server.requests.some((request) => request.kind === kind));

describe("nbd ends at once by the first signal,", () => {
  describe.each(signals)("%s", (signal) => {
    const status = 128 + constants.signals[signal];

    it.each([[["info"]], [["info", "--list"]], [["info", "--map"]], [["info", "--size"]]])(
      "while a server does not reply to %s",
      async (args) => {
        using folder = new Folder();
        await using server = await silentServer(folder);
        const { child, outcome } = start([...args, server.uri]);
        await server.connected;
        child.kill(signal);
        expect(await outcome).toEqual({ status, stdout: "", stderr: "" });
      },
    );

    it("while a copy waits for a source, and reports the contents of the destination", async () => {
      using folder = new Folder();
      await using server = await FakeServer.start(only());
      const { child, outcome } = start(["copy", "--no-extents", server.uri, folder.join("to")]);
      await asked(server, "read");
      child.kill(signal);
      const state = `${folder.join("to")} is incomplete: 0 of 65536 bytes are copied, the rest reads as zeroes`;
      expect(await outcome).toEqual({
        status,
        stdout: "",
        stderr: `nbd copy: interrupted by ${signal}: ${state}\n`,
      });
      expect(statSync(folder.join("to")).size).toBe(65_536);
    });

    it("while a copy waits for a flush, and reports that all data is written", async () => {
      await using server = await FakeServer.start(only("write", "zero"));
      const { child, outcome } = start(["copy", "--flush", "-", server.uri]);
      child.stdin!.end(Buffer.alloc(5000, 1));
      await asked(server, "flush");
      child.kill(signal);
      const state = `all 5000 bytes are written to ${server.uri}, but may not be on permanent storage`;
      expect(await outcome).toEqual({
        status,
        stdout: "",
        stderr: `nbd copy: interrupted by ${signal}: ${state}\n`,
      });
    });
  });

  it("while a copy waits for data from a pipe", async () => {
    using folder = new Folder();
    execFileSync("mkfifo", [folder.join("pipe")]);
    const { child, outcome } = start(["copy", "--progress=1", folder.join("pipe"), folder.join("to")]);
    // The writer is open but sends nothing, so the next read blocks a thread of the thread pool forever.
    const script = 'exec 3>"$1"; head -c 300000 /dev/urandom >&3; read -r x';
    const writer = launch("/bin/sh", ["-c", script, "sh", folder.join("pipe")], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await until(
      "the first bytes of the copy",
      () => existsSync(folder.join("to")) && statSync(folder.join("to")).size > 0,
    );
    child.kill("SIGTERM");
    const { status, stderr } = await outcome;
    expect(status).toBe(143);
    expect(stderr).toMatch(
      /^nbd copy: interrupted by SIGTERM: .*to is incomplete: \d+ bytes are copied, the rest is missing\n$/,
    );
    writer.stdin!.end();
    await outcomeOf(writer);
  });

  it.each([[["--map"]], [["--map", "--json"]]])(
    "while standard output is a pipe that is not read (info %j)",
    async (args) => {
      await using server = await FakeServer.start(tinyExtents, { size: 2n ** 40n });
      const child = launch(command, ["info", ...args, server.uri]);
      await untilNoMoreRequests(server);
      child.kill("SIGTERM");
      expect((await outcomeOf(child)).status).toBe(143);
      // The output is limited to the buffers of pipe and socket, less than the whole map.
      expect(server.requests.length).toBeLessThan(40);
    },
  );

  it("while a copy writes to a pipe that is not read", async () => {
    const child = launch(command, ["copy", "/dev/zero", "-"]);
    await new Promise((resolve) => child.stdout!.once("readable", resolve));
    child.kill("SIGINT");
    const { status, stderr } = await outcomeOf(child);
    expect({ status, stderr }).toEqual({
      status: 130,
      stderr: expect.stringMatching(
        /^nbd copy: interrupted by SIGINT: standard output is incomplete: \d+ bytes are copied, the rest is missing\n$/,
      ),
    });
  });

  it("while progress goes to a pipe that is not read", async () => {
    using folder = new Folder();
    execFileSync("mkfifo", [folder.join("pipe")]);
    await using server = await FakeServer.start(only("write"));
    // Fill the pipe before the copy begins.
    const script = `exec 5<>"$1"; dd if=/dev/zero of="$1" bs=4096 oflag=nonblock 2>/dev/null; shift; exec "$@"`;
    const options = ["--progress=5", "--sparse=0", "--no-extents", "--request-size=4k", "-R", "1"];
    const words = [command, "copy", ...options, "/dev/stdin", server.uri];
    execFileSync("truncate", ["-s", "61440", folder.join("disk")]);
    const child = launch("/bin/sh", [
      "-c",
      `${script} <"$0"`,
      folder.join("disk"),
      folder.join("pipe"),
      ...words,
    ]);
    const outcome = outcomeOf(child);
    await until("15 writes", () => server.requests.filter(({ kind }) => kind === "write").length === 15);
    child.kill("SIGTERM");
    expect((await outcome).status).toBe(143);
  });
});

describe("nbd ends by SIGPIPE when the reader of its output has closed the pipe", () => {
  it.each(["info", "copy"])("nbd %s", async (name) => {
    await using server = await FakeServer.start(tinyExtents, { size: 2n ** 30n });
    const child = launch(
      command,
      name === "copy" ? ["copy", "/dev/zero", "-"] : ["info", "--map", server.uri],
    );
    child.stdout!.once("data", () => child.stdout!.destroy());
    const [status, signal] = await new Promise<[number | null, string | null]>((resolve) => {
      child.once("exit", (...how) => resolve(how));
    });
    expect({ status, signal }).toEqual({ status: null, signal: "SIGPIPE" });
  });
});

it("nbd reports a write error of standard output", async () => {
  const { status, stderr } = await run("/bin/sh", ["-c", '"$1" --version >/dev/full', "sh", command]);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^nbd: standard output: ENOSPC.*\n$/),
  });
});

/** Waits until the client sends no more requests, because it waits for a reply. */
async function untilNoMoreRequests(server: FakeServer): Promise<void> {
  await until("a client that waits for a reply", async () => {
    const before = server.requests.length;
    await setTimeout(300);
    return before > 0 && server.requests.length === before;
  });
}
