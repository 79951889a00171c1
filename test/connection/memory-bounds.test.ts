import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Command, Option } from "../../src/protocol/constants.ts";
import { clientFlags, goData, option, RawClient, request } from "../helpers/raw-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";

const MiB = 1024 * 1024;
const troublesome = fileURLToPath(new URL("../helpers/troublesome-plugin.mjs", import.meta.url));

/**
 * Returns the memory growth of the server in MiB, while a client sends as much as it can and reads nothing.
 */
async function growth(
  args: string[],
  attack: (client: RawClient) => Promise<void>,
  exportName = "",
): Promise<number> {
  await using server = await ServerProcess.start(args);
  using client = await RawClient.ready(server.socket, exportName);
  // The first megabytes are allocations of Node itself.
  await client.readSector();
  const before = server.peakBytes;
  client.socket.pause();
  await attack(client);
  // The requests of the client are due before those of the bystander, also with a slow plugin.
  using bystander = await RawClient.ready(server.socket, exportName);
  for (let count = 0; count < 3; count++) await bystander.readSector();
  return (server.peakBytes - before) / MiB;
}

/** Sends until the server accepts no more bytes, or all bytes are sent. */
async function flood(client: RawClient, bytes: Buffer, times: number): Promise<void> {
  let stuck = false;
  for (let count = 0; count < times && !stuck; count++) {
    if (client.socket.write(bytes)) continue;
    const drained = new Promise<false>((resolve) => client.socket.once("drain", () => resolve(false)));
    // No event reports that the server will never read. Half a second without progress is the criterion.
    stuck = await Promise.race([drained, new Promise<true>((resolve) => setTimeout(resolve, 500, true))]);
  }
}

const reason = process.platform === "linux" ? "" : " (skipped: only Linux tells how much it was)";

describe.skipIf(reason !== "")(`the memory of the server stays small${reason} when a client`, () => {
  const read = (length: number): Buffer => request({ command: Command.read, length });

  it("requests a thousand replies and reads none", async () => {
    const reads = Buffer.concat(Array.from({ length: 1000 }, () => read(4 * MiB)));
    expect(await growth(["memory", "64M"], async (client) => client.send(reads))).toBeLessThan(100);
  });

  it("requests the largest replies of a slow plugin and reads none", async () => {
    const reads = Buffer.concat(Array.from({ length: 1000 }, () => read(16 * MiB)));
    expect(await growth([troublesome], async (client) => client.send(reads), "late")).toBeLessThan(100);
  });

  it("sends NBD_CMD_CACHE for the largest ranges, which are emulated by reads", async () => {
    const cache = request({ command: Command.cache, length: 64 * MiB });
    const mib = growth(["--filter=nocache", "memory", "64M", "cachemode=emulate"], async (client) => {
      client.send(...Array<Buffer>(30).fill(cache), request({ command: Command.disconnect }));
      client.socket.resume();
      await client.closed;
    });
    // One request needs 64 MiB. Some of its buffers are not collected yet.
    expect(await mib).toBeLessThan(500);
  });

  it("continues to send after NBD_CMD_DISC", async () => {
    const mib = growth(["memory", "64M"], async (client) => {
      client.send(read(3 * MiB), request({ command: Command.disconnect }));
      await flood(client, Buffer.alloc(MiB), 300);
    });
    expect(await mib).toBeLessThan(100);
  });

  it("continues to send while the plugin opens", async () => {
    await using server = await ServerProcess.start([troublesome]);
    const before = server.peakBytes;
    using client = await RawClient.connect(server.socket);
    client.send(clientFlags(), option(Option.go, goData("open-late")));
    await flood(client, Buffer.alloc(MiB), 300);
    expect((server.peakBytes - before) / MiB).toBeLessThan(100);
  });
});
