import { once } from "node:events";
import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import exitwhen from "../../src/filters/exitwhen.ts";
import memory from "../../src/plugins/memory.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { RawClient } from "../helpers/raw-client.ts";
import { ended, printed, Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";
import { inOrder, serving } from "./serving.ts";

testPlugin("memory under exitwhen", {
  plugin: memory,
  parameters: { size: "100000", "exit-when-file-created": "/nonexistent/file", "exit-when-script": "exit 0" },
  filters: [exitwhen],
  runs: 5,
});

/** A memory disk under exitwhen, which checks its events often or almost never. */
function underExitwhen(event: string, poll = "10ms"): string[] {
  return ["--filter=exitwhen", "memory", "1M", event, `exit-when-poll=${poll}`];
}

const rejecting = "connection refused: exitwhen: nbdkit is exiting: rejecting new connection\n";

describe("exitwhen ends an idle server", () => {
  it("when a file is created", async () => {
    await using sandbox = new Sandbox();
    const { outcome } = await serving(sandbox, underExitwhen("exit-when-file-created=stop"));
    sandbox.file("stop", "");
    expect(await outcome).toEqual(inOrder);
    await sandbox.empty();
  });

  it("when a file is deleted", async () => {
    await using sandbox = new Sandbox();
    sandbox.file("lock", "");
    const { outcome } = await serving(sandbox, underExitwhen("exit-when-file-deleted=lock"));
    rmSync(sandbox.folder.join("lock"));
    expect(await outcome).toEqual(inOrder);
  });

  it("when a process is killed", async () => {
    await using sandbox = new Sandbox();
    const other = sandbox.start("sleep", ["1000"]);
    const { outcome } = await serving(sandbox, underExitwhen(`exit-when-process-exits=${other.pid}`));
    other.kill("SIGKILL");
    await ended(other);
    expect(await outcome).toEqual(inOrder);
  });

  it("when the process with the write end of a pipe is killed, also with unread data in the pipe", async () => {
    await using sandbox = new Sandbox();
    const writer = sandbox.start("/bin/sh", ["-c", "echo something; exec sleep 1000"]);
    const { outcome } = await serving(sandbox, underExitwhen("exit-when-pipe-closed=5"), {
      stdio: ["ignore", "pipe", "pipe", "ignore", "ignore", writer.stdout!],
    });
    // Close our read end: it is an additional reader.
    writer.stdout!.destroy();
    writer.kill("SIGKILL");
    expect(await outcome).toEqual(inOrder);
  });

  it("when a script exits with status 88, and not before", async () => {
    await using sandbox = new Sandbox();
    const script = "exit-when-script=echo looked >>looks; test -e stop && exit 88; exit 0";
    const { outcome } = await serving(sandbox, underExitwhen(script));
    await until("two looks", () => sandbox.read("looks")?.startsWith("looked\nlooked\n"));
    sandbox.file("stop", "");
    expect(await outcome).toEqual(inOrder);
  });

  it("when the first of several events occurs", async () => {
    await using sandbox = new Sandbox();
    const others = ["exit-when-file-created=one", "exit-when-script=exit 0", "exit-when-file-created=three"];
    const { outcome } = await serving(sandbox, [...underExitwhen("exit-when-file-created=two"), ...others]);
    sandbox.file("three", "");
    expect(await outcome).toEqual(inOrder);
  });

  it("in the background, when a file is created whose path is relative to the starting folder", async () => {
    await using sandbox = new Sandbox();
    const args = ["-U", "socket", "-P", "pid", ...underExitwhen("exit-when-file-created=stop")];
    expect(await sandbox.nbdkit(args)).toEqual(inOrder);
    sandbox.file("stop", "");
    await sandbox.empty();
  });
});

describe("exitwhen", () => {
  it.each([
    ["a file is there", "exit-when-file-created=."],
    ["a file is not there", "exit-when-file-deleted=nothing"],
    ["a script exits with status 88", "exit-when-script=exit 88"],
    ["the pipe is closed", "exit-when-pipe-closed=0"],
  ])("exitwhen stops the server before it starts if %s", async (_title, event) => {
    await using sandbox = new Sandbox();
    // cat first sees the end of the pipe.
    const { status, stderr } = await sandbox.sh(
      `true | { cat; exec "$nbdkit" -f -U - -P pid ${words(event)}; }`,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(sandbox.read("pid")).toBe(undefined);
    await sandbox.empty();
  });

  it("exitwhen starts no captive command after an event, exits with status 1, and prints an error", async () => {
    await using sandbox = new Sandbox();
    const args = [...underExitwhen("exit-when-file-created=."), "--run", "echo started"];
    const { status, stdout, stderr } = await sandbox.nbdkit(args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^nbdkit: error: the command of --run was not started: .*\n$/);
  });

  it("exitwhen lets connected clients finish, refuses new ones, and stops after the last", async () => {
    await using sandbox = new Sandbox();
    const { socket, outcome } = await serving(sandbox, underExitwhen("exit-when-file-created=stop", "3600"));
    const [first, second] = [await RawClient.ready(socket), await RawClient.ready(socket)];
    sandbox.file("stop", "");
    using late = await RawClient.connect(socket);
    await late.closed;
    await first.readSector();
    first.destroy();
    await second.readSector();
    second.destroy();
    const { status, stderr } = await outcome;
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: expect.stringMatching(new RegExp(`${rejecting}$`)),
    });
    expect(stderr.split("\n")).toHaveLength(2);
    await sandbox.empty();
  });

  it("exitwhen checks its events when a client disconnects", async () => {
    await using sandbox = new Sandbox();
    const { socket, outcome } = await serving(sandbox, underExitwhen("exit-when-file-created=stop", "3600"));
    using client = await RawClient.ready(socket);
    sandbox.file("stop", "");
    client.destroy();
    expect(await outcome).toEqual(inOrder);
  });

  it("exitwhen checks its events when a client connects, also the only client", async () => {
    await using sandbox = new Sandbox();
    const { socket, outcome } = await serving(sandbox, underExitwhen("exit-when-file-created=stop", "3600"));
    sandbox.file("stop", "");
    using client = await RawClient.connect(socket);
    await client.closed;
    expect((await outcome).status).toBe(0);
  });

  it("exitwhen logs failed scripts and continues", async () => {
    await using sandbox = new Sandbox();
    const script = "exit-when-script=test -e stop && exit 88; test -e broken || exit 0; rm broken; exit 3";
    const { outcome } = await serving(sandbox, underExitwhen(script));
    sandbox.file("broken", "");
    await until("the failure", () => sandbox.read("broken") === undefined);
    sandbox.file("stop", "");
    const { status, stderr } = await outcome;
    expect(status).toBe(0);
    expect(stderr).toMatch(/^nbdkit: error: exit-when-script: command failed with exit code 3: .*\n$/);
  });

  it("exitwhen keeps the output of scripts away from a client on standard output", async () => {
    await using sandbox = new Sandbox();
    const child = sandbox.start("/bin/sh", ["-c", `"$nbdkit" -s ${words("exit-when-script=echo hello")}`], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    const [greeting] = (await once(child.stdout!, "data")) as [Buffer];
    expect(greeting.subarray(0, 8).toString()).toBe("NBDMAGIC");
    child.stdin!.end();
    expect(await ended(child)).toBe(0);
  });

  it("exitwhen kills a running script when the server stops", async () => {
    await using sandbox = new Sandbox();
    const script = "exit-when-script=test -e serving || exit 0; echo >looking; sleep 1000; exit 0";
    const { child, outcome } = await serving(sandbox, underExitwhen(script));
    sandbox.file("serving", "");
    await until("the look", () => sandbox.read("looking"));
    child.kill("SIGTERM");
    expect(await outcome).toEqual(inOrder);
    await sandbox.empty();
  });

  it.each([
    ["exit-when-process-exits=2147483647", "exit-when-process-exits: /proc/2147483647/stat: No such file"],
    ["exit-when-file-created=", "exit-when-file-created: cannot resolve an empty path: name a file"],
    ["exit-when-file-deleted=", "exit-when-file-deleted: cannot resolve an empty path: name a file"],
    ["exit-when-process-exits=x", 'exit-when-process-exits: could not parse number: "x"'],
    ["exit-when-pipe-closed=99", "exit-when-pipe-closed: invalid file descriptor 99"],
    ["exit-when-poll=often", 'exit-when-poll: could not parse delay "often"'],
  ])("exitwhen refuses %s", async (event, message) => {
    await using sandbox = new Sandbox();
    const { status, stderr } = await sandbox.nbdkit([
      "-f",
      "-U",
      "-",
      "--filter=exitwhen",
      "memory",
      "1M",
      event,
    ]);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(stderr.split("\n")).toHaveLength(2);
  });
});

/** The command line as a part of a shell command. */
function words(event: string): string {
  return underExitwhen(event)
    .map((word) => `'${word}'`)
    .join(" ");
}

describeWith(["nbdsh"], "exitwhen and a real client:", () => {
  it("exitwhen stops the server after an event when the last client is killed", async () => {
    await using sandbox = new Sandbox();
    const { socket, outcome } = await serving(sandbox, underExitwhen("exit-when-file-created=stop", "3600"));
    const client = sandbox.start("nbdsh", [
      ...["-u", `nbd+unix:///?socket=${socket}`],
      ...["-c", 'print("connected", flush=True); import time; time.sleep(1000)'],
    ]);
    await printed(client, "connected");
    sandbox.file("stop", "");
    client.kill("SIGKILL");
    expect(await outcome).toEqual(inOrder);
  });
});
