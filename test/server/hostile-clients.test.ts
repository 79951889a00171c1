import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  Command,
  CommandFlag,
  Option,
  OptionReply,
  requestBytesMax,
  WireError,
} from "../../src/protocol/constants.ts";
import { clientFlags, goData, option, RawClient, request } from "../helpers/raw-client.ts";
import { ServerProcess, until } from "../helpers/server-process.ts";

const MiB = 1024 * 1024;
const troublesome = fileURLToPath(new URL("../helpers/troublesome-plugin.mjs", import.meta.url));

/** What a server must be in the end: silent but for one line, with no descriptor more than it began with, and stoppable. */
async function survives(
  attack: (server: ServerProcess, bystander: RawClient) => Promise<unknown>,
  lines: RegExp[] = [],
): Promise<void> {
  await using server = await ServerProcess.start(["memory", "1M"]);
  const descriptors = server.descriptors;
  {
    using bystander = await RawClient.ready(server.socket);
    await bystander.readSector();
    await attack(server, bystander);
    await bystander.readSector();
  }
  await until(() => server.descriptors === descriptors);
  const { stderr } = await server.stop();
  const said = stderr.split("\n").slice(0, -1);
  expect(said).toHaveLength(lines.length);
  for (const [index, line] of lines.entries()) expect(said[index]).toMatch(line);
}

/** Sends the bytes once the server has greeted, and waits until it has had enough. */
function breakingOff(...bytes: Buffer[]): (server: ServerProcess) => Promise<void> {
  return async (server) => {
    using client = await RawClient.connect(server.socket);
    client.send(...bytes);
    await client.closed;
  };
}

describe("a client that does not speak NBD", () => {
  it.each([
    [
      "HTTP",
      Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
      /error: unknown client flags 0x47455420$/,
    ],
    ["wrong client flags", clientFlags(0xffff_fffc), /error: unknown client flags 0xfffffffc$/],
    ["garbage", Buffer.alloc(MiB, 0xa5), /error: unknown client flags 0xa5a5a5a5$/],
    ["garbage after its flags", Buffer.concat([clientFlags(), Buffer.alloc(MiB, 1)]), /IHAVEOPT$/],
    [
      "a huge option",
      Buffer.concat([clientFlags(), option(Option.go, Buffer.alloc(0), 0xffff_ffff)]),
      /4294967295 bytes/,
    ],
    [
      "options without an end",
      Buffer.concat([clientFlags(), ...Array.from({ length: 100 }, () => option(77))]),
      /64 options/,
    ],
    [
      "an option that needs fixed newstyle",
      Buffer.concat([clientFlags(0), option(Option.list)]),
      /fixed newstyle$/,
    ],
    [
      "an export name that is not UTF-8",
      Buffer.concat([clientFlags(), option(Option.exportName, Buffer.from([0xff]))]),
      /UTF-8$/,
    ],
    [
      "an export name with a NUL",
      Buffer.concat([clientFlags(), option(Option.exportName, Buffer.from("a\0b"))]),
      /NUL/,
    ],
    [
      "an export name of 5000 bytes",
      Buffer.concat([clientFlags(), option(Option.exportName, Buffer.alloc(5000, "x"))]),
      /5000/,
    ],
  ])("%s: is cut off with one line, and nobody else notices", async (_, bytes, line) => {
    await survives(breakingOff(bytes), [line]);
  });

  it("random bytes never bring the server down", async () => {
    await using server = await ServerProcess.start(["memory", "1M"]);
    for (let round = 0; round < 30; round++) {
      using client = await RawClient.connect(server.socket);
      client.send(round % 2 === 0 ? clientFlags() : Buffer.alloc(0), randomBytes(1 + round * 40));
      client.socket.end();
      await client.closed;
    }
    using bystander = await RawClient.ready(server.socket);
    await bystander.readSector();
  });

  it("may connect and say nothing, or nothing more", async () => {
    await survives(async (server) => {
      const silent = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(server.socket)));
      for (const [index, client] of silent.entries()) {
        await client.take(18);
        if (index % 2 === 0) client.send(clientFlags());
      }
      using other = await RawClient.ready(server.socket);
      await other.readSector();
      for (const client of silent) client.destroy();
    });
  });

  it("may use up all descriptors: the others wait or are turned away, and the server lives on", async () => {
    await using server = await ServerProcess.start(["memory", "1M"], { before: "ulimit -n 60" });
    using early = await RawClient.ready(server.socket);
    const crowd = await Promise.all(Array.from({ length: 100 }, () => RawClient.connect(server.socket)));
    await early.readSector();
    for (const client of crowd) client.destroy();
    await until(() => server.descriptors < 30);
    using late = await RawClient.ready(server.socket);
    await late.readSector();
    await early.readSector();
  });

  it("does not keep the server from ending", async () => {
    await using server = await ServerProcess.start(["memory", "1M"]);
    using silent = await RawClient.connect(server.socket);
    using idle = await RawClient.ready(server.socket);
    await silent.take(18);
    await Promise.all([server.stop(), silent.closed, idle.closed]);
  });

  it("cannot fill the log with mistakes that leave the handshake alive", async () => {
    await using server = await ServerProcess.start([
      "file",
      `dir=${fileURLToPath(new URL(".", import.meta.url))}`,
    ]);
    using client = await RawClient.connect(server.socket);
    await client.take(18);
    client.send(clientFlags());
    for (let count = 0; count < 20; count++) {
      client.send(option(Option.info, goData(`absent${count}`)));
      expect(await client.optionReply()).toMatchObject({ type: OptionReply.errorUnknown });
    }
    const { stderr } = await server.stop();
    expect(stderr).toMatch(/^nbdkit: file\[1\]: error: [^\n]*absent0[^\n]*\n$/);
  });
});

describe("an export name", () => {
  it.each([
    ["that is not UTF-8", Buffer.from([0x61, 0xff]), /UTF-8/],
    ["with a NUL", Buffer.from("a\0b"), /NUL/],
    ["of 5000 bytes", Buffer.alloc(5000, "x"), /5000/],
  ])("%s is refused, and the client may try again", async (_, name, reason) => {
    await survives(async (server) => {
      using client = await RawClient.connect(server.socket);
      await client.take(18);
      client.send(clientFlags(), option(Option.go, goData(name)));
      const { type, text } = await client.optionReply();
      expect(type).toBe(OptionReply.errorInvalid);
      expect(text).toMatch(reason);
      await client.go("");
      await client.readSector();
    });
  });
});

describe("a client that leaves", () => {
  const session = Buffer.concat([
    clientFlags(),
    option(Option.structuredReply),
    option(Option.list),
    option(Option.setMetaContext, Buffer.from("0000000000000001" + "0000000f", "hex")),
    option(Option.info, goData("")),
    option(Option.go, goData("")),
    request({ command: Command.read, length: 512 }),
    request({ command: Command.write, length: 8 }),
    Buffer.from("payload!"),
    request({ command: Command.flush }),
  ]);

  it.each([
    ["hangs up", (client: RawClient) => client.destroy()],
    ["says that it sends no more", (client: RawClient) => client.socket.end()],
  ])("at any byte of a session and %s costs nothing", async (_, leave) => {
    await survives(async (server, bystander) => {
      for (let cut = 0; cut <= session.length; cut += 1) {
        const client = await RawClient.connect(server.socket);
        if (cut > 0) client.send(session.subarray(0, cut));
        if (cut % 2 === 0) await client.take(18);
        leave(client);
        if (cut % 32 === 0) await bystander.readSector();
        if (!client.socket.destroyed) await client.closed;
        client.destroy();
      }
    });
  });

  it("in the middle of a payload has written nothing", async () => {
    await survives(async (server, bystander) => {
      using client = await RawClient.ready(server.socket);
      client.send(request({ command: Command.write, length: 512 }), Buffer.alloc(511, 0xff));
      client.socket.end();
      await client.closed;
      expect(await bystander.readSector()).toEqual(Buffer.alloc(512));
    });
  });

  it("with requests in flight still gets them done before the disk is released", async () => {
    await using server = await ServerProcess.start(["memory", "1M"]);
    using client = await RawClient.ready(server.socket);
    client.send(request({ command: Command.write, length: 512 }), Buffer.alloc(512, 7));
    client.socket.end();
    expect(await client.simpleReply()).toBe(0);
    await client.closed;
    using reader = await RawClient.ready(server.socket);
    expect(await reader.readSector()).toEqual(Buffer.alloc(512, 7));
  });
});

describe("a request that breaks the rules", () => {
  it.each([
    ["a read past the end", { command: Command.read, offset: BigInt(MiB) - 1n, length: 2 }, WireError.EINVAL],
    [
      "a read that wraps around",
      { command: Command.read, offset: 2n ** 64n - 1n, length: 2 },
      WireError.EINVAL,
    ],
    ["a read of nothing", { command: Command.read }, WireError.EINVAL],
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
  ])("%s gets its error, and the connection lives on", async (_, fields, error) => {
    await survives(async (server) => {
      using client = await RawClient.ready(server.socket);
      client.send(request(fields));
      expect(await client.simpleReply()).toBe(error);
      await client.readSector();
    });
  });

  it("accepts FUA with every command, as the specification demands", async () => {
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

  it("takes a goodbye for what it is, whatever flags it has", async () => {
    await survives(async (server) => {
      using client = await RawClient.ready(server.socket);
      client.send(request({ command: Command.disconnect, flags: 0xffff }));
      await client.closed;
    });
  });

  it.each([
    ["past the end", { offset: BigInt(MiB) - 1n, length: 2 }, WireError.ENOSPC],
    ["with an unknown flag", { flags: 0x4000, length: 2 }, WireError.EINVAL],
    ["of nothing", { length: 0 }, WireError.EINVAL],
    ["of 64 MiB to a disk of one", { length: requestBytesMax }, WireError.ENOSPC],
    ["over 64 MiB", { length: requestBytesMax + 1 }, WireError.ENOMEM],
    ["of 128 MiB", { length: 2 * requestBytesMax }, WireError.ENOMEM],
  ])("a write %s takes its payload along and gets its error", async (_, fields, error) => {
    await survives(async (server) => {
      using client = await RawClient.ready(server.socket);
      client.send(request({ command: Command.write, ...fields }));
      for (let left = fields.length; left > 0; left -= MiB) {
        // The drop of water, not the flood: what the test holds at once stays small.
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

  it("writes exactly 64 MiB, and reads them", async () => {
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

describe("the memory of the server stays small when a client", () => {
  const read = (length: number): Buffer => request({ command: Command.read, length });

  it("asks for a thousand replies and reads none", async () => {
    const reads = Buffer.concat(Array.from({ length: 1000 }, () => read(4 * MiB)));
    expect(await growth(["memory", "64M"], async (client) => client.send(reads))).toBeLessThan(100);
  });

  it("asks for the largest replies of a plugin that answers late, and reads none", async () => {
    const reads = Buffer.concat(Array.from({ length: 1000 }, () => read(16 * MiB)));
    expect(await growth([troublesome], async (client) => client.send(reads), "late")).toBeLessThan(100);
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
