import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { connect, serve } from "nbdkit-node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { Folder } from "../helpers/folder.ts";
import { killedWhileBusy } from "../helpers/killed-client.ts";
import { launch, run, succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { StorageDaemon } from "../helpers/storage-daemon.ts";
import { atTestEnd } from "../helpers/test-end.ts";
import { describeWith } from "../helpers/tools.ts";

const MiB = 1 << 20;
const size = 8 * MiB;
const memory = ["memory", String(size)];

let folder: Folder;
beforeEach(() => {
  folder = new Folder();
});
afterEach(() => folder[Symbol.dispose]());

/** Returns qemu's options for a server on a Unix socket. */
function options(path: string, ...more: string[]): string {
  return ["driver=nbd", "server.type=unix", `server.path=${path}`, ...more].join();
}

async function bytesOf(uri: string): Promise<Buffer> {
  await using client = await connect(uri);
  return Buffer.from(await client.read(0, size));
}

async function write(uri: string, offset: number, bytes: Uint8Array): Promise<void> {
  await using client = await connect(uri);
  await client.write(offset, bytes);
}

/** Fails when a pattern is wrong, which qemu-io reports with status 0 in old versions. */
async function qemuIo(uri: string, ...commands: string[]): Promise<void> {
  const output = await succeed("qemu-io", [
    ...["-f", "raw"],
    ...commands.flatMap((command) => ["-c", command]),
    uri,
  ]);
  expect(output).not.toMatch(/fail|error/i);
}

describeWith(["qemu-storage-daemon", "qemu-io"], "qemu-storage-daemon", () => {
  const exported = (): string[] => [
    ...["--nbd-server", `addr.type=unix,addr.path=${folder.join("export")}`],
    ...["--export", "type=nbd,id=export,node-name=far,writable=on"],
  ];
  const exportUri = (): string => `nbd+unix:///far?socket=${folder.join("export")}`;

  it("exports the disk again", async () => {
    await using server = await ServerProcess.start(memory);
    await using _daemon = await StorageDaemon.start(
      "--blockdev",
      options(server.socket, "node-name=far", "discard=unmap"),
      ...exported(),
    );
    const data = randomBytes(MiB);
    await write(exportUri(), 3 * MiB - 512, data);
    await qemuIo(exportUri(), "write -z 3M 64k", "write -P 9 5M 1M", "discard 5M 512k", "flush");
    const expected = Buffer.alloc(size);
    data.copy(expected, 3 * MiB - 512);
    expected.fill(0, 3 * MiB, 3 * MiB + 65_536);
    expected.fill(9, 5 * MiB + MiB / 2, 6 * MiB);
    expect((await bytesOf(server.uri())).equals(expected)).toBe(true);
    expect((await bytesOf(exportUri())).equals(expected)).toBe(true);
  });

  it("copies one server to another in full, and then the blocks of a dirty bitmap", async () => {
    await using server = await ServerProcess.start(memory);
    await using target = await ServerProcess.start(memory);
    await write(server.uri(), MiB, randomBytes(MiB));
    await using daemon = await StorageDaemon.start(
      ...["--blockdev", options(server.socket, "node-name=far")],
      ...["--blockdev", options(target.socket, "node-name=copy")],
      ...exported(),
    );
    const bitmap = { node: "far", name: "changes" };
    await daemon.execute("block-dirty-bitmap-add", bitmap);
    const copy = { device: "far", target: "copy" };
    await daemon.job("blockdev-backup", { ...copy, sync: "full" });
    expect((await bytesOf(target.uri())).equals(await bytesOf(server.uri()))).toBe(true);

    await write(exportUri(), 4 * MiB, randomBytes(MiB));
    // The bitmap has no bit for this block.
    await write(server.uri(), 7 * MiB, randomBytes(512));
    await daemon.job("blockdev-backup", { ...copy, sync: "incremental", bitmap: bitmap.name });
    const expected = await bytesOf(server.uri());
    expected.fill(0, 7 * MiB);
    expect((await bytesOf(target.uri())).equals(expected)).toBe(true);
  });

  it("continues after the server has been started again", async () => {
    const listen = { kind: "unix", path: folder.join("socket") } as const;
    const disk = { plugin: "file", parameters: { file: folder.sparseFile("disk", size) }, listen };
    const first = await serve(disk);
    await using _daemon = await StorageDaemon.start(
      "--blockdev",
      options(listen.path, "node-name=far", "reconnect-delay=20"),
      ...exported(),
    );
    await qemuIo(exportUri(), "write -P 4 0 1M", "flush");
    await first.close();
    const second = await serve(disk);
    // The daemon must end first: it would wait for the server.
    atTestEnd(() => second.close());
    await qemuIo(exportUri(), "read -P 4 0 1M", "write -P 5 1M 1M");
    await qemuIo(second.uri, "read -P 4 0 1M", "read -P 5 1M 1M");
  });
});

describeWith(["qemu-img", "qemu-io"], "qemu's NBD client", () => {
  it("uses the disk as the backing file of an overlay, and commits the overlay", async () => {
    await using server = await ServerProcess.start(memory);
    const data = randomBytes(MiB);
    await write(server.uri(), MiB, data);
    const overlay = folder.join("overlay.qcow2");
    await succeed("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", server.uri(), overlay]);
    await succeed("qemu-io", ["-f", "qcow2", "-c", "write -P 6 1536k 1M", overlay]);
    const expected = Buffer.alloc(size);
    data.copy(expected, MiB);
    expect((await bytesOf(server.uri())).equals(expected)).toBe(true);
    await succeed("qemu-img", ["commit", "-q", overlay]);
    expected.fill(6, MiB + MiB / 2, 2 * MiB + MiB / 2);
    expect((await bytesOf(server.uri())).equals(expected)).toBe(true);
  });

  it("gets the dirty bitmap of a plugin", async () => {
    const plugin = fileURLToPath(new URL("../helpers/bitmap-plugin.mjs", import.meta.url));
    await using server = await ServerProcess.start([plugin]);
    const image = options(server.socket, "x-dirty-bitmap=qemu:dirty-bitmap:backup");
    const map = JSON.parse(await succeed("qemu-img", ["map", "--output=json", "--image-opts", image]));
    // qemu-img reports dirty blocks as holes.
    expect(map).toMatchObject([
      { start: 0, length: 524_288, data: true },
      { start: 524_288, length: 524_288, data: false },
    ]);
  });

  it("may be killed in the middle of its requests", async () => {
    await using server = await ServerProcess.start(memory);
    const writes = Array.from({ length: 5000 }, () => ["-c", "write 0 4M"]);
    const args = ["-f", "raw", ...writes.flat(), server.uri()];
    await killedWhileBusy(server, () => launch("qemu-io", args), "wrote");
  });

  describeWith(certificateTools, "with TLS", () => {
    let keys: Certificates;
    beforeAll(async () => {
      keys = await Certificates.make();
    });
    afterAll(() => keys[Symbol.dispose]());

    const client = "id=tls,endpoint=client";
    const certificates = (directory: string): string => `tls-creds-x509,${client},dir=${directory}`;

    it.each<[string, () => string[], () => string]>([
      [
        "certificates of both sides",
        () => [`--tls-certificates=${keys.pki}`, "--tls-verify-peer"],
        () => certificates(keys.pki),
      ],
      [
        "a pre-shared key",
        () => [`--tls-psk=${keys.psk}`],
        () => `tls-creds-psk,${client},username=alice,dir=${keys.psk.replace(/\/keys\.psk$/, "")}`,
      ],
    ])("writes and reads with %s", async (_, ofServer, ofClient) => {
      await using server = await ServerProcess.start(["--tls=require", ...ofServer(), ...memory]);
      const data = folder.file("data", randomBytes(size));
      const [input, output] = [["-f", "raw", data], folder.join("back")];
      const object = ["--object", ofClient()];
      const image = options(server.socket, "tls-creds=tls", "tls-hostname=localhost");
      await succeed("qemu-img", ["convert", ...object, "-n", "--target-image-opts", ...input, image]);
      await succeed("qemu-img", ["convert", ...object, "--image-opts", "-O", "raw", image, output]);
      await succeed("qemu-img", ["compare", "-f", "raw", "-F", "raw", data, output]);
    });

    it("refuses a server whose certificate names another host", async () => {
      const tls = ["--tls=require", `--tls-certificates=${keys.otherHost}`];
      await using server = await ServerProcess.start([...tls, ...memory]);
      const image = options(server.socket, "tls-creds=tls", "tls-hostname=localhost");
      const args = ["info", "--object", certificates(keys.pki), "--image-opts", image];
      expect(await run("qemu-img", args)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/certificate/i),
      });
    });
  });
});
