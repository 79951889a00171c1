import { expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";
import { definePlugin } from "../../src/contract/plugin.ts";
import { Command, WireError } from "../../src/protocol/constants.ts";
import { RawClient, request } from "../helpers/raw-client.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { until } from "../helpers/until.ts";

const KiB = 1024;
const diskBytes = 1024 * KiB;
const old = 0x11;
const fresh = 0x22;
const write = { command: Command.write, offset: BigInt(128 * KiB), length: 512 * KiB };
const payload = Buffer.alloc(write.length, fresh);
const begun = 200_000;
/** Bytes that the server writes early: only whole pages. */
const usedBytes = 196_608;

/** Connects a client and fills the whole disk. */
async function filledDisk(server: ServerProcess): Promise<RawClient> {
  const client = await RawClient.ready(server.socket);
  client.send(request({ command: Command.write, length: diskBytes }), Buffer.alloc(diskBytes, old));
  expect(await client.simpleReply()).toBe(0);
  return client;
}

async function contents(client: RawClient): Promise<Buffer> {
  client.send(request({ command: Command.read, length: diskBytes }));
  expect(await client.simpleReply()).toBe(0);
  return client.take(diskBytes);
}

/** The expected disk content after the bytes `from` to `to` of the payload have been written. */
function written(from: number, to: number): Buffer {
  const start = Number(write.offset);
  return Buffer.alloc(diskBytes, old).fill(fresh, start + from, start + to);
}

/** Returns the bytes of the payload that are on the disk already. */
async function bytesOnDisk(client: RawClient): Promise<number> {
  const disk = await contents(client);
  const bytes = disk.reduce((sum, byte) => sum + (byte === fresh ? 1 : 0), 0);
  expect(disk.equals(written(0, bytes))).toBe(true);
  return bytes;
}

/** Sends the request and the first part of its payload, and waits until this part is on the disk. */
async function begin(client: RawClient, bystander: RawClient): Promise<void> {
  client.send(request(write), payload.subarray(0, begun));
  await until("the first part on the disk", async () => (await bytesOnDisk(bystander)) >= usedBytes);
}

it.each(["memory", "file"] as const)(
  "a large write to %s is written in pieces and changes nothing outside its range",
  async (plugin) => {
    await using sandbox = new Sandbox();
    const args = { memory: [String(diskBytes)], file: [sandbox.file("disk", "\0".repeat(diskBytes))] };
    await using server = await ServerProcess.start([plugin, ...args[plugin]]);
    using client = await filledDisk(server);
    using bystander = await RawClient.ready(server.socket);
    await begin(client, bystander);
    const next = request({ command: Command.read, length: 512, cookie: 2n });
    client.send(payload.subarray(begun), next);
    expect([await client.simpleReply(), await client.simpleReply()]).toEqual([0, 0]);
    expect(await client.take(512)).toEqual(Buffer.alloc(512, old));
    expect((await contents(bystander)).equals(written(0, write.length))).toBe(true);
  },
);

it("the written part of a large write stays on the disk when the client disconnects in the middle", async () => {
  await using server = await ServerProcess.start(["memory", String(diskBytes)]);
  using bystander = await filledDisk(server);
  {
    using client = await RawClient.ready(server.socket);
    await begin(client, bystander);
  }
  expect(await bytesOnDisk(bystander)).toBe(usedBytes);
  bystander.destroy();
  expect(await server.stop()).toMatchObject({ status: 0, stderr: "" });
});

it("a large write continues after the part that another client trims meanwhile", async () => {
  await using server = await ServerProcess.start(["memory", String(diskBytes)]);
  using client = await filledDisk(server);
  using bystander = await RawClient.ready(server.socket);
  await begin(client, bystander);
  bystander.send(request({ command: Command.trim, length: diskBytes }));
  expect(await bystander.simpleReply()).toBe(0);
  client.send(payload.subarray(begun));
  expect(await client.simpleReply()).toBe(0);
  const start = Number(write.offset);
  const expected = Buffer.alloc(diskBytes).fill(fresh, start + usedBytes, start + write.length);
  expect((await contents(bystander)).equals(expected)).toBe(true);
});

it.each([
  ["past the end", { ...write, offset: BigInt(diskBytes - 1) }, [], WireError.ENOSPC],
  ["an unknown flag", { ...write, flags: 0x8000 }, [], WireError.EINVAL],
  ["a read-only export", write, ["-r"], WireError.EPERM],
])("a refused large write changes nothing: %s", async (_, fields, options, error) => {
  await using server = await ServerProcess.start([...options, "memory", String(diskBytes)]);
  using client = await RawClient.ready(server.socket);
  if (options.length === 0) (await filledDisk(server)).destroy();
  const before = await contents(client);
  client.send(request(fields), payload);
  expect(await client.simpleReply()).toBe(error);
  expect((await contents(client)).equals(before)).toBe(true);
});

it("an incomplete large write does not delay the shutdown of the server", async () => {
  await using server = await ServerProcess.start(["memory", String(diskBytes)]);
  using client = await filledDisk(server);
  using bystander = await RawClient.ready(server.socket);
  await begin(client, bystander);
  expect(await server.stop()).toMatchObject({ status: 0, stderr: "" });
});

it("a large write reaches a plugin in whole blocks, and in one call when the plugin is asynchronous", async () => {
  const block = 64 * KiB;
  const pieces: { readonly bytes: number; readonly offset: number }[] = [];
  const whole: { readonly bytes: Buffer; readonly offset: bigint }[] = [];
  const plugin = definePlugin({
    name: "blocks",
    open: () => ({
      size: BigInt(diskBytes),
      blockSize: { minimum: block, preferred: block, maximum: diskBytes },
      read: () => {},
      write: (bytes, offset) => void whole.push({ bytes: Buffer.from(bytes), offset }),
      writeNow: (_, start, end, offset) => pieces.push({ bytes: end - start, offset }) === 1,
    }),
  });
  await using server = await serve({ plugin });
  using client = await RawClient.ready((server.address as { path: string }).path);
  client.send(request(write), payload.subarray(0, begun));
  await until("the first piece", () => pieces.length === 1);
  client.send(payload.subarray(begun));
  expect(await client.simpleReply()).toBe(0);
  expect(pieces.every(({ bytes, offset }) => bytes % block === 0 && offset % block === 0)).toBe(true);
  expect(whole).toEqual([{ bytes: payload, offset: write.offset }]);
});
