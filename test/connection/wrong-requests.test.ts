import { describe, expect, it } from "vitest";
import { Command, CommandFlag, requestBytesMax, WireError } from "../../src/protocol/constants.ts";
import { RawClient, request } from "../helpers/raw-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { survives } from "../helpers/survives.ts";

const MiB = 1024 * 1024;

describe("an invalid request", () => {
  it.each([
    ["a read past the end", { command: Command.read, offset: BigInt(MiB) - 1n, length: 2 }, WireError.EINVAL],
    [
      "a read that wraps around",
      { command: Command.read, offset: 2n ** 64n - 1n, length: 2 },
      WireError.EINVAL,
    ],
    ["a read of no bytes", { command: Command.read }, WireError.EINVAL],
    ["a read over 64 MiB", { command: Command.read, length: requestBytesMax + 1 }, WireError.EINVAL],
    ["a read of 4 GiB", { command: Command.read, length: 0xffff_ffff }, WireError.EINVAL],
    ["zeroes past the end", { command: Command.writeZeroes, length: MiB + 1 }, WireError.ENOSPC],
    ["a trim past the end", { command: Command.trim, offset: 2n ** 63n, length: 1 }, WireError.EINVAL],
    ["an unknown command", { command: 99, length: 1 }, WireError.EINVAL],
    ["an unknown flag", { command: Command.read, flags: 0x8000, length: 1 }, WireError.EINVAL],
    [
      "a flag of another command",
      { command: Command.read, flags: CommandFlag.noHole, length: 1 },
      WireError.EINVAL,
    ],
    ["block status without a context", { command: Command.blockStatus, length: 1 }, WireError.EINVAL],
    ["a flush of a range", { command: Command.flush, length: 1 }, WireError.EINVAL],
  ])("%s gets its error, and the connection continues", async (_, fields, error) => {
    await survives(async (server) => {
      using client = await RawClient.ready(server.socket);
      client.send(request(fields));
      expect(await client.simpleReply()).toBe(error);
      await client.readSector();
    });
  });

  it("accepts FUA with every command, as the specification requires", async () => {
    await survives(async (server) => {
      using client = await RawClient.ready(server.socket);
      for (const command of [Command.cache, Command.flush]) {
        const length = command === Command.flush ? 0 : 1;
        client.send(request({ command, flags: CommandFlag.fua, length }));
        expect(await client.simpleReply(), `command ${command}`).toBe(0);
      }
      client.send(request({ command: Command.read, flags: CommandFlag.fua, length: 512 }));
      expect(await client.simpleReply()).toBe(0);
      await client.take(512);
      await client.readSector();
    });
  });

  it("NBD_CMD_DISC closes the connection, whatever flags it has", async () => {
    await survives(async (server) => {
      using client = await RawClient.ready(server.socket);
      client.send(request({ command: Command.disconnect, flags: 0xffff }));
      await client.closed;
    });
  });

  it.each([
    ["past the end", { offset: BigInt(MiB) - 1n, length: 2 }, WireError.ENOSPC],
    ["with an unknown flag", { flags: 0x4000, length: 2 }, WireError.EINVAL],
    ["of no bytes", { length: 0 }, WireError.EINVAL],
    ["of 64 MiB to a disk of 1 MiB", { length: requestBytesMax }, WireError.ENOSPC],
    ["over 64 MiB", { length: requestBytesMax + 1 }, WireError.ENOMEM],
    ["of 128 MiB", { length: 2 * requestBytesMax }, WireError.ENOMEM],
  ])("a write %s has its payload skipped and gets its error", async (_, fields, error) => {
    await survives(async (server) => {
      using client = await RawClient.ready(server.socket);
      client.send(request({ command: Command.write, ...fields }));
      for (let left = fields.length; left > 0; left -= MiB) {
        // Send in pieces of 1 MiB, so that the test needs little memory.
        if (!client.socket.write(Buffer.alloc(Math.min(left, MiB), 0x25))) {
          await new Promise((resolve) => client.socket.once("drain", resolve));
        }
      }
      expect(await client.simpleReply()).toBe(error);
      expect(await client.readSector()).toEqual(Buffer.alloc(512));
    });
  });

  it("a write of more than 128 MiB ends the connection before its payload", async () => {
    await survives(
      async (server) => {
        using client = await RawClient.ready(server.socket);
        client.send(request({ command: Command.write, length: 2 * requestBytesMax + 1 }));
        await client.closed;
      },
      [/payload of 134217729 bytes is over the limit$/],
    );
  });

  it("a wrong magic number ends the connection", async () => {
    await survives(
      async (server) => {
        using client = await RawClient.ready(server.socket);
        client.send(Buffer.alloc(28, 0x25));
        await client.closed;
      },
      [/wrong magic number$/],
    );
  });

  it("a write and a read of exactly 64 MiB succeed", async () => {
    await using server = await ServerProcess.start(["memory", "64M"]);
    using client = await RawClient.ready(server.socket);
    client.send(
      request({ command: Command.write, length: requestBytesMax }),
      Buffer.alloc(requestBytesMax, 9),
    );
    expect(await client.simpleReply()).toBe(0);
    expect(await client.readSector(64n * BigInt(MiB) - 512n)).toEqual(Buffer.alloc(512, 9));
  });
});
