import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { Command, WireError } from "../../src/protocol/constants.ts";
import { RawClient, request } from "../helpers/raw-client.ts";
import { shortStall } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { until } from "../helpers/until.ts";

const troublesome = fileURLToPath(new URL("../helpers/troublesome-plugin.mjs", import.meta.url));

const sector = request({ command: Command.read, length: 512 });

it.each([
  ["throws", WireError.EIO, /error: read: thrown by read\n/],
  ["rejects", WireError.ENOSPC, /error: read: rejected by read\n/],
  ["nonsense", WireError.EIO, /error: read: undefined\n/],
])("a plugin whose read %s fails that request only", async (name, error, line) => {
  await using server = await ServerProcess.start([troublesome]);
  using victim = await RawClient.ready(server.socket, name);
  using other = await RawClient.ready(server.socket);
  for (let count = 0; count < 3; count++) {
    victim.send(sector);
    expect(await victim.simpleReply()).toBe(error);
    expect(await other.readSector()).toEqual(Buffer.alloc(512, 1));
  }
  const { stderr } = await server.stop();
  expect(stderr).toMatch(line);
  expect(stderr.split("\n")).toHaveLength(4);
});

it("a slow read of a plugin does not delay other connections", async () => {
  await using server = await ServerProcess.start([troublesome]);
  using held = await RawClient.ready(server.socket, "held");
  using other = await RawClient.ready(server.socket);
  let answered = false;
  const answer = held.readSector().then((bytes) => {
    answered = true;
    return bytes;
  });
  for (let count = 0; count < 5; count++) await other.readSector();
  expect(answered).toBe(false);
  using _release = await RawClient.ready(server.socket, "release");
  expect(await answer).toEqual(Buffer.alloc(512, 2));
});

it("a request that the plugin never completes blocks its connection only when it fills all --threads", async () => {
  await using server = await ServerProcess.start(["-t", "4", troublesome], { env: shortStall });
  using victim = await RawClient.ready(server.socket, "never");
  for (let count = 0; count < 3; count++) {
    victim.send(sector);
    expect(await victim.readSector(512n)).toEqual(Buffer.alloc(512, 3));
  }
  victim.send(sector, request({ command: Command.read, offset: 512n, length: 512 }));
  using other = await RawClient.ready(server.socket);
  await other.readSector();
  await expect(Promise.race([victim.readSector(512n), other.readSector()])).resolves.toEqual(
    Buffer.alloc(512, 1),
  );
  victim.destroy();
  await other.readSector();
  // Shutdown aborts the connection with the pending requests, and logs that.
  const { stderr } = await server.stop();
  expect(stderr).toMatch(/1 connections did not end in time/);
});

it.each([
  ["open-throws", /thrown by open/],
  ["open-rejects", /rejected by open/],
  ["open-size", /open returned: the member "size" must be a bigint/],
  ["absent", /no export absent/],
])(
  "a client that fails to open the export %s gets the reason, and the server continues",
  async (name, reason) => {
    await using server = await ServerProcess.start([troublesome]);
    using other = await RawClient.ready(server.socket);
    await expect(RawClient.ready(server.socket, name)).rejects.toThrow(reason);
    await other.readSector();
    const { stderr } = await server.stop();
    expect(stderr).toMatch(reason);
    expect(stderr.match(/error:/g)).toHaveLength(1);
    // A handle that open() has returned but that is invalid is closed again.
    expect(stderr.includes("closed\n")).toBe(name === "open-size");
  },
);

it("a failing close() of a plugin is logged and does not affect clients", async () => {
  await using server = await ServerProcess.start([troublesome]);
  {
    using late = await RawClient.ready(server.socket, "late");
    await late.readSector();
  }
  using other = await RawClient.ready(server.socket);
  await other.readSector();
  const { stderr } = await server.stop();
  expect(stderr).toBe("nbdkit: troublesome[1]: error: close: rejected by close\n");
});

it("replies to a disconnected client are dropped without leaking descriptors", async () => {
  await using server = await ServerProcess.start([troublesome]);
  const descriptors = server.descriptors;
  for (let count = 0; count < 20; count++) {
    using late = await RawClient.ready(server.socket, "late");
    late.send(sector, sector);
  }
  using other = await RawClient.ready(server.socket, "late");
  await other.readSector();
  other.destroy();
  await until("the closing of the descriptors", () => server.descriptors <= descriptors);
});
