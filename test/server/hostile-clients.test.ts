import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Command, Option, OptionReply } from "../../src/protocol/constants.ts";
import { clientFlags, goData, option, RawClient, request } from "../helpers/raw-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { survives } from "../helpers/survives.ts";
import { until } from "../helpers/until.ts";

const MiB = 1024 * 1024;

/** Sends the bytes after the server's greeting, and waits until the server disconnects. */
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
  ])("%s: is cut off with one line, and other clients are served", async (_, bytes, line) => {
    await survives(breakingOff(bytes), [line]);
  });

  it("does not crash the server with random bytes", async () => {
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

  it("may connect and send nothing, or stop sending", async () => {
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

  it("may use up all descriptors: other clients wait or are disconnected, and the server continues", async () => {
    await using server = await ServerProcess.start(["memory", "1M"], { before: "ulimit -n 60" });
    using early = await RawClient.ready(server.socket);
    const crowd = await Promise.all(Array.from({ length: 100 }, () => RawClient.connect(server.socket)));
    await early.readSector();
    for (const client of crowd) client.destroy();
    await until("the closing of the descriptors", () => server.descriptors < 30);
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

  it("cannot fill the log with errors that keep the handshake alive", async () => {
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

describe("a client that disconnects", () => {
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
  ])("at any byte of a session and %s leaks nothing", async (_, leave) => {
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

  it("with requests in flight gets them finished before the disk is closed", async () => {
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
