import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Command, Option } from "../../src/protocol/constants.ts";
import { clientFlags, goData, option, RawClient, request } from "../helpers/raw-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";

const MiB = 1024 * 1024;
const troublesome = fileURLToPath(new URL("../helpers/troublesome-plugin.mjs", import.meta.url));

/** How much the server grew, in MiB, while a client that reads nothing did its worst. */
async function growth(
  args: string[],
  attack: (client: RawClient) => Promise<void>,
  exportName = "",
): Promise<number> {
  await using server = await ServerProcess.start(args);
  using client = await RawClient.ready(server.socket, exportName);
  // The first megabytes are Node's own.
  await client.readSector();
  const before = server.peakBytes;
  client.socket.pause();
  await attack(client);
  // Where answers take their time, the others were due before these.
  using bystander = await RawClient.ready(server.socket, exportName);
  for (let count = 0; count < 3; count++) await bystander.readSector();
  return (server.peakBytes - before) / MiB;
}

/** Sends until the server takes no more, or the bytes are through. */
async function flood(client: RawClient, bytes: Buffer, times: number): Promise<void> {
  let stuck = false;
  for (let count = 0; count < times && !stuck; count++) {
    if (client.socket.write(bytes)) continue;
    const drained = new Promise<false>((resolve) => client.socket.once("drain", () => resolve(false)));
    // Nothing tells that the server will never read; half a second without progress has to do.
    stuck = await Promise.race([drained, new Promise<true>((resolve) => setTimeout(resolve, 500, true))]);
  }
}

const reason = process.platform === "linux" ? "" : " (skipped: only Linux tells how much it was)";

describe.skipIf(reason !== "")(`the memory of the server stays small${reason} when a client`, () => {
  const read = (length: number): Buffer => request({ command: Command.read, length });

  it("asks for a thousand replies and reads none", async () => {
    const reads = Buffer.concat(Array.from({ length: 1000 }, () => read(4 * MiB)));
    expect(await growth(["memory", "64M"], async (client) => client.send(reads))).toBeLessThan(100);
  });

  it("asks for the largest replies of a plugin that answers late, and reads none", async () => {
    const reads = Buffer.concat(Array.from({ length: 1000 }, () => read(16 * MiB)));
    expect(await growth([troublesome], async (client) => client.send(reads), "late")).toBeLessThan(100);
  });

  it("asks to cache the largest ranges of a disk that has to be read for that", async () => {
    const cache = request({ command: Command.cache, length: 64 * MiB });
    const mib = growth(["--filter=nocache", "memory", "64M", "cachemode=emulate"], async (client) => {
      client.send(...Array<Buffer>(30).fill(cache), request({ command: Command.disconnect }));
      client.socket.resume();
      await client.closed;
    });
    // One request takes 64 MiB, of which some are left for the garbage collector.
    expect(await mib).toBeLessThan(500);
  });

  it("goes on sending after its goodbye", async () => {
    const mib = growth(["memory", "64M"], async (client) => {
      client.send(read(3 * MiB), request({ command: Command.disconnect }));
      await flood(client, Buffer.alloc(MiB), 300);
    });
    expect(await mib).toBeLessThan(100);
  });

  it("goes on sending while the plugin opens", async () => {
    await using server = await ServerProcess.start([troublesome]);
    const before = server.peakBytes;
    using client = await RawClient.connect(server.socket);
    client.send(clientFlags(), option(Option.go, goData("open-late")));
    await flood(client, Buffer.alloc(MiB), 300);
    expect((server.peakBytes - before) / MiB).toBeLessThan(100);
  });
});
