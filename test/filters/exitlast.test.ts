import { describe, expect, it } from "vitest";
import exitlast from "../../src/filters/exitlast.ts";
import memory from "../../src/plugins/memory.ts";
import { Option, OptionReply } from "../../src/protocol/constants.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { clientFlags, goData, option, RawClient } from "../helpers/raw-client.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { ended, printed, Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";
import { inOrder, serving } from "./serving.ts";

testPlugin("memory under exitlast", {
  plugin: memory,
  parameters: { size: "100000" },
  filters: [exitlast],
  runs: 5,
});

const underExitlast = ["--filter=exitlast", "memory", "1M"];

describe("exitlast", () => {
  it("exitlast stops the server when its only client disconnects", async () => {
    await using sandbox = new Sandbox();
    const { socket, outcome } = await serving(sandbox, underExitlast);
    using client = await RawClient.ready(socket);
    await client.readSector();
    client.destroy();
    expect(await outcome).toEqual(inOrder);
    await sandbox.empty();
  });

  it("exitlast waits for the last of several clients, on all worker threads", async () => {
    await using sandbox = new Sandbox();
    const { socket, outcome } = await serving(sandbox, underExitlast);
    const clients: RawClient[] = [];
    for (let count = 0; count < 6; count++) clients.push(await RawClient.ready(socket));
    while (clients.length > 0) {
      clients.pop()!.destroy();
      for (const client of clients) await client.readSector();
    }
    expect(await outcome).toEqual(inOrder);
  });

  it("exitlast ignores a client that opens no export", async () => {
    await using sandbox = new Sandbox();
    const { socket, outcome } = await serving(sandbox, underExitlast);
    using probe = await RawClient.connect(socket);
    await probe.take(18);
    probe.socket.end();
    await probe.closed;
    using client = await RawClient.ready(socket);
    await client.readSector();
    client.destroy();
    expect(await outcome).toEqual(inOrder);
  });

  it("exitlast waits for a client that asks about one export and opens another", async () => {
    await using sandbox = new Sandbox();
    const { socket, outcome } = await serving(sandbox, underExitlast);
    using client = await RawClient.connect(socket);
    await client.take(18);
    client.send(clientFlags(), option(Option.info, goData("one")));
    while ((await client.optionReply()).type !== OptionReply.ack);
    await client.go("two");
    await client.readSector();
    client.destroy();
    expect(await outcome).toEqual(inOrder);
  });

  it("exitlast waits for a client in the handshake when the last other client disconnects", async () => {
    await using sandbox = new Sandbox();
    const { socket, outcome } = await serving(sandbox, underExitlast);
    using first = await RawClient.ready(socket);
    using second = await RawClient.connect(socket);
    await second.take(18);
    first.socket.end();
    await first.closed;
    second.send(clientFlags());
    await second.go("");
    await second.readSector();
    second.destroy();
    expect(await outcome).toEqual(inOrder);
  });

  it("exitlast stops a captive server before its command, and the exit status is that of the command", async () => {
    await using sandbox = new Sandbox();
    const script =
      '"$client" info "$uri" >/dev/null; while [ -e "$unixsocket" ]; do sleep 0.02; done; exit 5';
    const env = { client: nbdkit.replace(/kit$/, "") };
    expect(await sandbox.nbdkit([...underExitlast, "--run", script], { env })).toEqual({
      ...inOrder,
      status: 5,
    });
    await sandbox.empty();
  });

  it("exitlast continues when another client connects within exitlast-grace", async () => {
    await using sandbox = new Sandbox();
    const { socket, outcome, child } = await serving(sandbox, [...underExitlast, "exitlast-grace=3600"]);
    for (let count = 0; count < 3; count++) {
      using client = await RawClient.ready(socket);
      client.socket.end();
      await client.closed;
    }
    child.kill("SIGTERM");
    expect(await outcome).toEqual(inOrder);
  });

  it("exitlast stops the server when no client connects within exitlast-grace", async () => {
    await using sandbox = new Sandbox();
    const { socket, outcome } = await serving(sandbox, [...underExitlast, "exitlast-grace=1ms"]);
    using client = await RawClient.ready(socket);
    client.destroy();
    expect(await outcome).toEqual(inOrder);
  });
});

describeWith(["nbdsh", "nbdinfo"], "exitlast and real clients:", () => {
  it("exitlast stops the server when the last client is killed", async () => {
    await using sandbox = new Sandbox();
    const { socket, outcome } = await serving(sandbox, underExitlast);
    const client = sandbox.start("nbdsh", [
      ...["-u", `nbd+unix:///?socket=${socket}`],
      ...["-c", 'h.pwrite(b"x" * 512, 0); print("connected", flush=True); import time; time.sleep(1000)'],
    ]);
    await printed(client, "connected");
    const gone = ended(client);
    client.kill("SIGKILL");
    expect(await gone).toBe(137);
    expect(await outcome).toEqual(inOrder);
    await sandbox.empty();
  });

  it("exitlast stops a server in the background and leaves only its pidfile", async () => {
    await using sandbox = new Sandbox();
    const start = [nbdkit, "-U", "socket", "-P", "pid", ...underExitlast];
    expect(await outcomeOf(sandbox.start(start[0]!, start.slice(1)))).toEqual(inOrder);
    expect((await sandbox.sh('nbdinfo --size "nbd+unix:///?socket=socket"')).stdout).toBe("1048576\n");
    await sandbox.empty();
    expect(sandbox.read("socket")).toBe(undefined);
  });
});
