import { randomBytes } from "node:crypto";
import { truncateSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { connect, joinEqual, listExports } from "../../src/client/index.ts";
import { Folder } from "../helpers/folder.ts";
import { startQemuNbd } from "../helpers/reference-servers.ts";
import { succeed } from "../helpers/run.ts";
import { describeWith } from "../helpers/tools.ts";

describeWith(["qemu-nbd"], "our client and qemu-nbd", () => {
  it("write, zero and read back", async () => {
    using folder = new Folder();
    writeFileSync(folder.join("disk"), "");
    truncateSync(folder.join("disk"), 8 * 1024 * 1024);
    await using server = await startQemuNbd(
      folder,
      ["-f", "raw", "-D", "a disk", folder.join("disk")],
      "disk",
    );
    await using client = await connect(server.uri);
    expect(client).toMatchObject({ description: "a disk", exportName: "disk", replyForm: "structured" });
    const bytes = randomBytes(300_000);
    await client.write(65_536, bytes, { fua: true });
    await client.zero(100_000, 1000, { noHole: true });
    bytes.fill(0, 100_000 - 65_536, 101_000 - 65_536);
    expect((await client.read(65_536, bytes.length)).equals(bytes)).toBe(true);
    expect(
      (await client.read(65_536, 60_000, { dontFragment: true })).equals(bytes.subarray(0, 60_000)),
    ).toBe(true);
    await client.flush();
    await client.cache(0, 4096);
    expect((await client.extents(4 * 1024 * 1024, 1024))[0]).toMatchObject({ zero: true });
  });

  it("use sparse reads and contexts other than base:allocation", async () => {
    using folder = new Folder();
    const disk = folder.join("disk.qcow2");
    await succeed("qemu-img", ["create", "-q", "-f", "qcow2", disk, "8M"]);
    await succeed("qemu-io", ["-f", "qcow2", "-c", "write -P 7 1M 64k", disk]);
    await using server = await startQemuNbd(folder, ["-f", "qcow2", "-A", disk]);
    const contexts = ["base:allocation", "qemu:allocation-depth"];
    await using client = await connect(server.uri, { metaContexts: contexts, listContexts: true });
    expect(client.contexts).toEqual(contexts);
    expect(client.availableContexts).toEqual(contexts);
    const expected = Buffer.alloc(2 * 1024 * 1024);
    expected.fill(7, 1024 * 1024, 1024 * 1024 + 65_536);
    expect((await client.read(0, expected.length)).equals(expected)).toBe(true);
    const both = await client.blockStatus(0, client.size);
    expect([...both.keys()]).toEqual(contexts);
    const depths: string[] = [];
    for await (const { length, state } of joinEqual(client.statusOf(contexts[1]!, 0, client.size))) {
      depths.push(`${length}:${state}`);
    }
    expect(depths).toEqual(["1048576:0", "65536:1", "7274496:0"]);
  });

  it("list the export", async () => {
    using folder = new Folder();
    writeFileSync(folder.join("disk"), Buffer.alloc(4096));
    await using server = await startQemuNbd(folder, ["-r", "-f", "raw", folder.join("disk")], "only");
    const { exports } = await listExports(server.uri);
    expect(exports).toMatchObject([{ name: "only", info: { size: 4096n }, contexts: ["base:allocation"] }]);
  });
});
