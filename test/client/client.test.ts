import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect, listExports } from "../../src/client/index.ts";
import { readHeaderBytes, writeReadHeader } from "../../src/protocol/read-reply.ts";
import { errorReply, successReply } from "../../src/protocol/reply.ts";
import { type Answer, FakeServer } from "../helpers/fake-server.ts";
import { until } from "../helpers/until.ts";

/** Executes all requests. Reads return the bytes of "0123456789abcdef" repeated. */
const honest: Answer = (request, { form, reply }) => {
  if (request.kind === "refused") throw new Error(request.reason);
  if (request.kind !== "read")
    return reply(successReply(form, request.cookie, "offset" in request ? request.offset : 0n));
  reply(dataReply(form, request.cookie, request.offset, request.length));
};

function dataReply(
  form: "simple" | "structured" | "extended",
  cookie: bigint,
  offset: bigint,
  length: number,
): Buffer {
  const bytes = Buffer.alloc(readHeaderBytes[form] + length);
  writeReadHeader(bytes, form, cookie, offset);
  for (let at = 0; at < length; at++) {
    bytes[readHeaderBytes[form] + at] = "0123456789abcdef".charCodeAt((Number(offset) + at) % 16);
  }
  return bytes;
}

const forms: [string, ConnectOptions][] = [
  ["simple", { structuredReplies: false }],
  ["structured", { extendedHeaders: false }],
  ["extended", {}],
];

describe.each(forms)("a client with %s replies", (form, options) => {
  it("sends every kind of request", async () => {
    await using server = await FakeServer.start(honest);
    await using client = await connect(server.uri, options);
    expect(client).toMatchObject({ replyForm: form, size: 65_536n, readOnly: false, exportName: "" });
    expect((await client.read(2, 5)).toString()).toBe("23456");
    const mine = new Uint8Array(4);
    expect((await client.read(10n, mine)).buffer).toBe(mine.buffer);
    expect(Buffer.from(mine).toString()).toBe("abcd");
    await client.write(1, Buffer.from("xyz"), { fua: true });
    await client.write(1, Buffer.alloc(20_000, 7));
    await client.flush();
    await client.trim(0, 512n);
    await client.zero(512, 512, { noHole: true, fastZero: true });
    await client.cache(0, 65_536);
    expect(server.requests.map(({ kind }) => kind)).toEqual([
      "read",
      "read",
      "write",
      "write",
      "flush",
      "trim",
      "zero",
      "cache",
    ]);
    expect(server.requests[2]).toMatchObject({ offset: 1n, payload: Buffer.from("xyz"), fua: true });
    expect(server.requests[3]).toMatchObject({ payload: Buffer.alloc(20_000, 7), fua: false });
    expect(server.requests[6]).toMatchObject({ offset: 512n, length: 512n, mayTrim: false, fastZero: true });
  });

  it("matches replies that arrive in another order than the requests", async () => {
    const held: (() => void)[] = [];
    await using server = await FakeServer.start((request, to) => {
      held.push(() => honest(request, to));
      if (held.length === 20) for (const release of held.reverse()) release();
    });
    await using client = await connect(server.uri, options);
    const reads = Array.from({ length: 20 }, (_, index) => client.read(index, 3));
    const texts = (await Promise.all(reads)).map(String);
    expect(texts.slice(0, 3)).toEqual(["012", "123", "234"]);
    expect(texts).toHaveLength(20);
  });

  it("sends NBD_CMD_DISC on close when all requests are done", async () => {
    await using server = await FakeServer.start(
      (request, to) => void setImmediate().then(() => honest(request, to)),
    );
    const client = await connect(server.uri, options);
    const reading = client.read(0, 4);
    await client.close();
    expect((await reading).toString()).toBe("0123");
    expect(await client.closed).toBeUndefined();
    await until("NBD_CMD_DISC", () => server.requests.at(-1)?.kind === "disconnect");
    await expect(client.read(0, 4)).rejects.toMatchObject({ message: expect.stringContaining(server.uri) });
  });
});

describe("a client", () => {
  it("splits requests at the server's limits", async () => {
    await using server = await FakeServer.start(honest, {
      size: 2n ** 40n,
      blockSize: { minimum: 512, preferred: 4096, maximum: 4607 },
    });
    await using client = await connect(server.uri, { extendedHeaders: false });
    expect((await client.read(0, 10_240)).subarray(4090, 4102).toString()).toBe("abcdef012345");
    await client.write(0, Buffer.alloc(4608));
    await client.zero(0, 2n ** 33n);
    expect(server.requests.map((request) => "length" in request && BigInt(request.length))).toEqual([
      4096n,
      4096n,
      2048n,
      4096n,
      512n,
      2n ** 32n - 65_536n,
      2n ** 32n - 65_536n,
      131_072n,
    ]);
  });

  it("does not split ranges with extended headers", async () => {
    await using server = await FakeServer.start(honest, { size: 2n ** 62n });
    await using client = await connect(server.uri);
    await client.trim(0, 2n ** 62n);
    expect(server.requests).toMatchObject([{ kind: "trim", length: 2n ** 62n }]);
  });

  it("refuses invalid requests without sending them to the server", async () => {
    const blockSize = { minimum: 512, preferred: 512, maximum: 4096 };
    await using server = await FakeServer.start(honest, { flags: 0x3, blockSize });
    await using client = await connect(server.uri);
    const refused = async (request: Promise<unknown>, code: string, reason: RegExp): Promise<void> =>
      await expect(request).rejects.toMatchObject({
        name: "NbdError",
        code,
        message: expect.stringMatching(reason),
      });
    await refused(
      client.read(65_536, 512),
      "EINVAL",
      /read of 512 bytes at 65536: the export has only 65536 bytes/,
    );
    await refused(client.read(-512, 512), "EINVAL", /must not be negative/);
    await refused(client.read(1, 512), "EINVAL", /whole blocks of 512/);
    await refused(client.write(0, Buffer.alloc(512)), "EPERM", /read-only/);
    await refused(client.flush(), "ENOTSUP", /flush: the server does not offer it/);
    await refused(client.cache(0, 512), "ENOTSUP", /cache/);
    await refused(
      client.blockStatus(0, 512, { context: "x:y" }),
      "ENOTSUP",
      /"x:y" was not negotiated \(only: base/,
    );
    expect(server.requests).toEqual([]);
  });

  it("reports an error with the server's text and keeps the connection", async () => {
    await using server = await FakeServer.start((request, { form, reply }) => {
      if (request.kind === "read") honest(request, { form, reply } as never);
      else reply(errorReply(form, (request as { cookie: bigint }).cookie, 0n, "ENOSPC", "disk full,\nsorry"));
    });
    await using client = await connect(server.uri);
    await expect(client.write(0, Buffer.alloc(4))).rejects.toMatchObject({
      code: "ENOSPC",
      message: `${server.uri}: write of 4 bytes at 0 failed: ENOSPC: disk full, sorry`,
    });
    expect((await client.read(0, 4)).toString()).toBe("0123");
  });

  it("fails all requests with the server's URI when the connection is lost", async () => {
    await using server = await FakeServer.start((_, { socket }) => socket.destroy());
    const client = await connect(server.uri);
    const results = await Promise.allSettled([
      client.read(0, 4),
      client.write(0, Buffer.alloc(4)),
      client.flush(),
    ]);
    for (const result of results) {
      expect(result).toMatchObject({
        reason: { code: "ECONNRESET", message: expect.stringContaining(server.uri) },
      });
    }
    expect(await client.closed).toMatchObject({ code: "ECONNRESET" });
  });

  it("closes the connection when the server violates the protocol", async () => {
    await using server = await FakeServer.start((request, { reply }) => {
      reply(dataReply("extended", (request as { cookie: bigint }).cookie, 1n, 4));
    });
    const client = await connect(server.uri);
    await expect(client.read(0, 4)).rejects.toMatchObject({ code: "EPROTO" });
    expect(await client.closed).toMatchObject({ code: "EPROTO" });
  });

  it("disconnects from a server that is shutting down", async () => {
    await using server = await FakeServer.start((request, { form, reply }) => {
      reply(errorReply(form, (request as { cookie: bigint }).cookie, 0n, "ESHUTDOWN", "maintenance"));
    });
    const client = await connect(server.uri);
    await expect(client.read(0, 4)).rejects.toMatchObject({ code: "ESHUTDOWN" });
    expect(await client.closed).toBeUndefined();
  });

  it("delays writes until the server has received earlier writes", async () => {
    await using server = await FakeServer.start(honest, { size: 2n ** 30n });
    await using client = await connect(server.uri);
    const bytes = Buffer.alloc(1024 * 1024, 1);
    await Promise.all(Array.from({ length: 32 }, (_, index) => client.write(index * bytes.length, bytes)));
    expect(server.requests).toHaveLength(32);
  });
});

describe("an abort", () => {
  it("rejects a read at once, and the late reply does not change the buffer", async () => {
    let release = (): void => {};
    await using server = await FakeServer.start((request, to) => {
      if (server.requests.length > 1) honest(request, to);
      else release = () => honest(request, to);
    });
    await using client = await connect(server.uri);
    const controller = new AbortController();
    const buffer = Buffer.alloc(16, ".");
    const aborted = client.read(0, buffer, { signal: controller.signal });
    // The reply to the second request proves that the server has received the first one.
    expect((await client.read(0, 4)).toString()).toBe("0123");
    controller.abort(new Error("changed my mind"));
    await expect(aborted).rejects.toThrow("changed my mind");
    release();
    expect((await client.read(1, 4)).toString()).toBe("1234");
    expect(buffer.toString()).toBe("................");
  });

  it("rejects connect, also in the middle of the handshake", async () => {
    await using server = await FakeServer.greeting(Buffer.from("NBDMAGIC"));
    const controller = new AbortController();
    const connecting = connect(server.uri, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("too slow")), 20);
    await expect(connecting).rejects.toThrow("too slow");
    await expect(connect(server.uri, { signal: controller.signal })).rejects.toThrow("too slow");
  });
});

describe("connect", () => {
  it.each([
    ["nbd+unix:///?socket=/nonexistent/socket", "ENOENT", /nonexistent/],
    ["nbd://localhost:port", "EINVAL", /port: "port"/],
  ])("reports the error of %s", async (uri, code, reason) => {
    await expect(connect(uri)).rejects.toMatchObject({ code, message: expect.stringMatching(reason) });
    await expect(listExports(uri)).rejects.toMatchObject({ code });
  });

  it("reports a server that is not an NBD server", async () => {
    await using server = await FakeServer.greeting(Buffer.from("SSH-2.0-OpenSSH_9.9\r\n"));
    await expect(connect(server.uri)).rejects.toMatchObject({
      code: "EPROTO",
      message: expect.stringContaining("NBDMAGIC"),
    });
  });
});
