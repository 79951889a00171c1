import { randomBytes } from "node:crypto";
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ConnectOptions, connect, listExports } from "../../src/client/index.ts";
import { Folder } from "../helpers/folder.ts";
import { referenceNbdkit, startReference } from "../helpers/reference-servers.ts";

const reason = referenceNbdkit === undefined ? " (skipped: needs the original nbdkit)" : "";

describe.skipIf(referenceNbdkit === undefined)(`our client and the original nbdkit${reason}`, () => {
  const variants: [string, string[], ConnectOptions, string][] = [
    ["structured replies", [], {}, "newstyle-fixed structured"],
    ["no structured replies", ["--no-sr"], {}, "newstyle-fixed simple"],
    ["structured replies not wanted", [], { structuredReplies: false }, "newstyle-fixed simple"],
    ["plain newstyle", ["--mask-handshake=0"], {}, "newstyle simple"],
    ["newstyle without NO_ZEROES", ["--mask-handshake=1"], {}, "newstyle-fixed structured"],
    ["oldstyle", ["-o"], {}, "oldstyle simple"],
  ];

  it.each(variants)("write and read back: %s", async (_, args, options, spoken) => {
    await using server = await startReference(...args, "memory", "8M");
    await using client = await connect(server.uri(), options);
    expect(`${client.handshake} ${client.replyForm}`).toBe(spoken);
    expect(client.size).toBe(8n * 1024n * 1024n);
    const bytes = randomBytes(1_000_001);
    // With an oldstyle handshake, nbdkit announces FUA, flush, zeroing and trimming, but then refuses them.
    const modern = client.handshake !== "oldstyle";
    await client.write(12_345, bytes, { fua: modern });
    if (modern) await client.zero(20_000, 70_000);
    else await client.write(20_000, Buffer.alloc(70_000));
    if (modern) await client.flush();
    bytes.fill(0, 20_000 - 12_345, 90_000 - 12_345);
    expect((await client.read(12_345, bytes.length)).equals(bytes)).toBe(true);
    if (!modern) return;
    await client.trim(0, 65_536);
    expect((await client.read(0, 65_536)).equals(Buffer.alloc(65_536))).toBe(true);
  });

  it("handle many requests of many sizes in flight", async () => {
    await using server = await startReference("pattern", "1G");
    await using client = await connect(server.uri());
    const requests = Array.from({ length: 300 }, (_, index) => ({
      offset: index * 8 * 401,
      length: 8 * (1 + index * 7),
    }));
    const read = await Promise.all(requests.map(({ offset, length }) => client.read(offset, length)));
    read.forEach((bytes, index) => {
      for (let at = 0; at < bytes.length; at += 8) {
        if (bytes.readBigUInt64BE(at) !== BigInt(requests[index]!.offset + at))
          throw new Error(`wrong at ${index}, ${at}`);
      }
    });
  });

  it("read and write more bytes than one request may have", async () => {
    await using server = await startReference("memory", "200M");
    await using client = await connect(server.uri());
    const bytes = Buffer.alloc(80 * 1024 * 1024, "0123456789abcde");
    await client.write(1024, bytes);
    expect((await client.read(1024, bytes.length)).equals(bytes)).toBe(true);
  });

  it("respect the block sizes of the server", async () => {
    const policy = ["blocksize-minimum=4k", "blocksize-preferred=64k", "blocksize-maximum=128k"];
    const args = ["--filter=blocksize-policy", "memory", "2M", ...policy, "blocksize-error-policy=error"];
    await using server = await startReference(...args);
    await using client = await connect(server.uri());
    expect(client.blockSize).toEqual({ minimum: 4096, preferred: 65_536, maximum: 131_072 });
    const bytes = randomBytes(1024 * 1024);
    await client.write(4096, bytes);
    expect((await client.read(4096, bytes.length)).equals(bytes)).toBe(true);
    await expect(client.read(512, 512)).rejects.toMatchObject({ code: "EINVAL" });
  });

  it("report data and holes in any part of the disk", async () => {
    await using server = await startReference("data", "@0x100000 1 @0x200000 2", "size=4G");
    await using client = await connect(server.uri());
    const extents = await client.extents(0, client.size);
    expect(extents.reduce((sum, { length }) => sum + length, 0n)).toBe(client.size);
    expect(extents.map(({ hole, zero }) => `${hole} ${zero}`)).toEqual([
      "true true",
      "false false",
      "true true",
      "false false",
      "true true",
    ]);
    expect(await client.extents(0x100000, 10)).toEqual([{ length: 10n, hole: false, zero: false }]);
    const one = await client.blockStatus(0, client.size, { requestOne: true });
    expect(one.get("base:allocation")).toEqual([{ length: 0x100000n, state: 3n }]);
  });

  it("report errors and keep the connection", async () => {
    const args = ["--filter=error", "memory", "1M", "error-pwrite=ENOSPC", "error-pwrite-rate=100%"];
    await using server = await startReference(...args);
    await using client = await connect(server.uri());
    await expect(client.write(0, Buffer.alloc(512))).rejects.toMatchObject({ code: "ENOSPC" });
    expect(await client.read(0, 4)).toEqual(Buffer.alloc(4));
  });

  it("list the exports with their properties", async () => {
    using folder = new Folder();
    mkdirSync(folder.join("exports"));
    writeFileSync(folder.join("exports/one two"), "hello");
    writeFileSync(folder.join("exports/ü"), "");
    truncateSync(folder.join("exports/ü"), 1024 * 1024);
    await using server = await startReference("file", `dir=${folder.join("exports")}`);
    const { exports } = await listExports(server.uri());
    expect(exports.map(({ name, info, contexts }) => `${name} ${info?.size} ${contexts}`).sort()).toEqual([
      "one two 5 base:allocation",
      "ü 1048576 base:allocation",
    ]);
    await using client = await connect(server.uri("one two"));
    expect((await client.read(0, 5)).toString()).toBe("hello");
    await expect(connect(server.uri("none"))).rejects.toMatchObject({
      code: "ENOENT",
      message: expect.stringContaining("none"),
    });
    await expect(connect(server.uri(), { exportName: "none" })).rejects.toMatchObject({ code: "ENOENT" });
  });
});
