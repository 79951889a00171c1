import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type NbdServer, serve } from "nbdkit-node";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { Folder } from "../helpers/folder.ts";
import { nodeModule } from "../helpers/node-module.ts";
import { launch, nbdkit } from "../helpers/run.ts";
import { printed } from "../helpers/sandbox.ts";
import { atTestEnd } from "../helpers/test-end.ts";
import { describeUnless, describeWith } from "../helpers/tools.ts";

/** What Xen Orchestra uses of its client. It reads whole blocks, by their number. */
interface XenClient {
  readonly exportSize: bigint;
  readonly pid?: number;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  readBlock(index: number, size?: number): Promise<Buffer>;
}
interface SeveralClients extends XenClient {
  readBlocks(blocks: () => Iterable<{ index: number; size: number }>): AsyncIterable<Buffer>;
}
interface XenDisk {
  init(): Promise<void>;
  close(): Promise<void>;
  getVirtualSize(): number;
  getBlockIndexes(): number[];
  readBlock(index: number): Promise<{ data: Buffer }>;
}
type Made<T> = new (settings: object, ...rest: unknown[]) => T;
interface Modules {
  readonly client: { default: Made<XenClient>; NbdStdioClient: Made<XenClient> };
  readonly several: { default: Made<SeveralClients> };
  readonly disk: { NbdDisk: Made<XenDisk> };
}

const name = "@vates/nbd-client";
const found = nodeModule(name);

const MiB = 1 << 20;
const blockSize = 65_536;
/** Not a whole number of blocks. */
const size = 4 * MiB + 512;

describeUnless(found === undefined ? [name] : [], "the NBD client of Xen Orchestra", () => {
  let modules: Modules;
  let data: Buffer;
  beforeAll(async () => {
    const [client, several, disk] = await Promise.all(
      [name, `${name}/multi.mjs`, `${name}/NbdDisk.mjs`].map((file) => import(nodeModule(file) ?? file)),
    );
    modules = { client, several, disk };
  });
  beforeEach(() => {
    data = randomBytes(size);
    data.fill(0, MiB, 2 * MiB);
  });

  /** Serves a disk on which another client has written the data. With TLS, the keys are in a directory. */
  async function written(certificates?: string): Promise<NbdServer> {
    const server = await serve({
      plugin: "memory",
      parameters: { size },
      listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
      ...(certificates !== undefined && { tls: { certificates } }),
    });
    const uri = new URL(server.uri);
    if (certificates !== undefined) uri.searchParams.set("tls-certificates", certificates);
    await using client = await connect(uri.href);
    await client.write(0, data.subarray(0, MiB));
    await client.write(2 * MiB, data.subarray(2 * MiB));
    return server;
  }

  function settings(server: NbdServer): { address: string; port: number } {
    const { hostname, port } = new URL(server.uri.replace(/^nbds?:/, "http:"));
    return { address: hostname, port: Number(port) };
  }

  async function allBlocks(client: XenClient): Promise<Buffer> {
    const count = Math.ceil(size / blockSize);
    return Buffer.concat(
      await Promise.all(Array.from({ length: count }, (_, index) => client.readBlock(index))),
    );
  }

  async function readsAndDisconnects(server: NbdServer, cert?: string): Promise<void> {
    const exportname = "/0f4c?session_id=OpaqueRef:1";
    const client = new modules.client.default({ ...settings(server), cert, exportname });
    await client.connect();
    expect(client.exportSize).toBe(BigInt(size));
    expect((await allBlocks(client)).equals(data)).toBe(true);
    const disconnected = once(server, "disconnection");
    await client.disconnect();
    await disconnected;
  }

  /** Kills the client in a process of its own while it reads. */
  async function mayBeKilled(server: NbdServer, cert?: string): Promise<void> {
    const program = `const { default: Client } = await import(process.argv[1]);
      const client = new Client(JSON.parse(process.argv[2]));
      await client.connect();
      for (let count = 0; ; count++) {
        await Promise.all(Array.from({ length: 64 }, (_, index) => client.readBlock(index)));
        if (count === 0) console.log("busy");
      }`;
    const values = [String(found), JSON.stringify({ ...settings(server), cert })];
    const child = launch(process.execPath, ["--input-type=module", "--eval", program, ...values]);
    atTestEnd(() => void child.kill("SIGKILL"));
    await printed(child, "busy");
    const disconnected = once(server, "disconnection");
    child.kill("SIGKILL");
    await disconnected;
    await readsAndDisconnects(server, cert);
  }

  it("reads all blocks at once, and disconnects", async () => {
    await using server = await written();
    await readsAndDisconnects(server);
  });

  it("reads over several connections", async () => {
    await using server = await written();
    const clients = new modules.several.default([settings(server)], { nbdConcurrency: 4 });
    await clients.connect();
    const blocks: Buffer[] = [];
    const all = function* () {
      for (let index = 0; index * blockSize < size; index++) yield { index, size: blockSize };
    };
    for await (const block of clients.readBlocks(all)) blocks.push(block);
    expect(Buffer.concat(blocks).equals(data)).toBe(true);
    await clients.disconnect();
  });

  describeWith(["nbdinfo"], "", () => {
    it("reads only the blocks that have data, as in a backup", async () => {
      await using server = await written();
      const disk = new modules.disk.NbdDisk(settings(server), blockSize);
      await disk.init();
      expect(disk.getVirtualSize()).toBe(size);
      const indexes = disk.getBlockIndexes();
      expect(indexes.filter((index) => index >= 16 && index < 32)).toEqual([]);
      const copy = Buffer.alloc(size);
      for (const index of indexes) (await disk.readBlock(index)).data.copy(copy, index * blockSize);
      expect(copy.equals(data)).toBe(true);
      await disk.close();
    });
  });

  it("connects again after an error", async () => {
    await using server = await written();
    const options = { waitBeforeReconnect: 1, readBlockRetries: 2 };
    const client = new modules.client.default(settings(server), options);
    await client.connect();
    const connected = once(server, "connection");
    await expect(client.readBlock(1 << 20)).rejects.toThrow();
    await connected;
    await client.disconnect();
  });

  it("may be killed in the middle of its requests", async () => {
    await using server = await written();
    await mayBeKilled(server);
  });

  it("starts the command with --single and reads its disk, also again after a kill", async () => {
    using folder = new Folder();
    const args = ["--single", "--exit-with-parent", "--read-only", "file", folder.file("disk", data)];
    const client = new modules.client.NbdStdioClient({ command: nbdkit, args }, { waitBeforeReconnect: 1 });
    await client.connect();
    expect((await allBlocks(client)).equals(data)).toBe(true);
    const { pid } = client;
    process.kill(Number(pid), "SIGKILL");
    expect((await client.readBlock(1)).equals(data.subarray(blockSize, 2 * blockSize))).toBe(true);
    expect(client.pid).not.toBe(pid);
    await client.disconnect();
  });

  describeWith(certificateTools, "with TLS", () => {
    let keys: Certificates;
    beforeAll(async () => {
      keys = await Certificates.make();
    });
    afterAll(() => keys[Symbol.dispose]());

    /** A host of Xen tells the certificate of its server. */
    const cert = (): string => readFileSync(join(keys.anonymous, "server-cert.pem"), "utf8");

    it("reads all blocks at once, and disconnects", async () => {
      await using server = await written(keys.anonymous);
      await readsAndDisconnects(server, cert());
    });

    it("may be killed in the middle of its requests", async () => {
      await using server = await written(keys.anonymous);
      await mayBeKilled(server, cert());
    });

    it("is refused without the certificate", async () => {
      await using server = await written(keys.anonymous);
      await expect(new modules.client.default(settings(server)).connect()).rejects.toThrow();
    });
  });
});
