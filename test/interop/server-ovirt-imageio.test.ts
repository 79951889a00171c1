import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { connect, serve } from "nbdkit-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { Folder } from "../helpers/folder.ts";
import { killedWhileBusy } from "../helpers/killed-client.ts";
import { environment, launch, run, succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeUnless, describeWith } from "../helpers/tools.ts";

const size = 4 * 1024 * 1024;

const imports = [
  "import hashlib, sys",
  "from urllib.parse import urlparse",
  "from ovirt_imageio._internal import nbd, nbdutil",
];
const { status } = spawnSync("python3", ["-c", imports.join("\n")], { env: environment });

describeUnless(status === 0 ? [] : ["Python's ovirt-imageio"], "the NBD client of ovirt-imageio", () => {
  const url = ({ socket }: ServerProcess): string => `nbd:unix:${socket}`;

  /** Returns the arguments of python3 for a program in which `c` is a client of the server. */
  function program(at: string, lines: string[], dirty = "False"): string[] {
    const open = `c = nbd.open(urlparse(sys.argv[1]), dirty=${dirty})`;
    return ["-c", [...imports, open, ...lines].join("\n"), at];
  }

  function python(at: string, lines: string[], dirty?: string): Promise<string> {
    return succeed("python3", program(at, lines, dirty));
  }

  it.each([
    ["memory", () => ["memory", String(size)]],
    ["file", (folder: Folder) => ["file", folder.sparseFile("disk", size)]],
  ])("writes and zeroes any range of %s, and sees the holes", async (_, args) => {
    using folder = new Folder();
    await using server = await ServerProcess.start(args(folder));
    const data = randomBytes(196_609);
    const output = await python(url(server), [
      `data = open("${folder.file("data", data)}", "rb").read()`,
      "assert c.export_size == 4 << 20 and c.has_base_allocation",
      "c.write(65537, data)",
      "c.zero(70001, 999)",
      "c.write(1 << 20, data)",
      "c.zero(1 << 20, 131072, punch_hole=False)",
      "c.write(2 << 20, data[:-1])",
      "c.zero(2 << 20, 131072)",
      "c.flush()",
      "print([(e.length >> 16, e.zero) for e in nbdutil.extents(c, 2 << 20, 1 << 20)])",
      "c.close()",
    ]);
    expect(output).toBe("[(2, True), (1, False), (13, True)]\n");
    const expected = Buffer.alloc(size);
    data.copy(expected, 65_537);
    expected.fill(0, 70_001, 71_000);
    data.copy(expected, 1 << 20);
    expected.fill(0, 1 << 20, (1 << 20) + 131_072);
    data.copy(expected, 2 << 20, 0, 196_608);
    expected.fill(0, 2 << 20, (2 << 20) + 131_072);
    await using client = await connect(server.uri());
    expect((await client.read(0, size)).equals(expected)).toBe(true);
    expect(server.said).toBe("");
  });

  it("reads what another client has written, over TCP and with an export name", async () => {
    await using server = await serve({
      plugin: "memory",
      parameters: { size },
      listen: { kind: "tcp", host: "127.0.0.1", port: 0 },
    });
    const data = randomBytes(1 << 20);
    await using client = await connect(server.uri);
    await client.write(511, data);
    const at = `${server.uri.replace(/^nbd:\/\/(.*?)\/?$/, "nbd:$1")}:exportname=a:b/c`;
    const lines = ["print(c.export_name, hashlib.sha256(c.read(511, 1 << 20)).hexdigest())", "c.close()"];
    expect(await python(at, lines)).toBe(`a:b/c ${createHash("sha256").update(data).digest("hex")}\n`);
  });

  it("gets the errors of requests, and continues", async () => {
    await using server = await ServerProcess.start(["-r", "memory", String(size)]);
    const output = await python(url(server), [
      "for request in (lambda: c.write(0, b'x'), lambda: c.read(c.export_size, 1)):",
      "  try: request()",
      "  except nbd.ReplyError as error: print(error)",
      "print(c.read(0, 2))",
      "c.close()",
    ]);
    expect(output.trim().split("\n")).toEqual([
      expect.stringMatching(/read-only: \[Error 1\] Operation not permitted$/),
      expect.stringMatching(/\[Error 22\] Invalid argument$/),
      String.raw`bytearray(b'\x00\x00')`,
    ]);
  });

  it("finds the dirty bitmap of a plugin, and gets its extents", async () => {
    const plugin = fileURLToPath(new URL("../helpers/bitmap-plugin.mjs", import.meta.url));
    await using server = await ServerProcess.start([plugin]);
    const lines = ["print(c.dirty_bitmap, [(e.length, e.dirty) for e in nbdutil.extents(c, dirty=True)])"];
    expect(await python(url(server), lines, "True")).toBe(
      "qemu:dirty-bitmap:backup [(524288, False), (524288, True)]\n",
    );
  });

  it("copies from one server to another, in two threads", async () => {
    await using source = await ServerProcess.start(["pattern", String(size)]);
    await using target = await ServerProcess.start(["memory", String(size)]);
    await python(url(source), [`nbdutil.copy(c, nbd.open(urlparse("${url(target)}")))`]);
    await using original = await connect(source.uri());
    await using copy = await connect(target.uri());
    expect((await copy.read(0, size)).equals(await original.read(0, size))).toBe(true);
  });

  it("may be killed in the middle of its requests", async () => {
    await using server = await ServerProcess.start(["memory", String(size)]);
    await killedWhileBusy(server, () =>
      launch(
        "python3",
        program(url(server), [
          "data = bytes(1 << 20)",
          "for count in range(1 << 30):",
          "  c.write(0, data)",
          "  c.read(0, 1 << 20)",
          "  if count == 0: print('busy', flush=True)",
        ]),
      ),
    );
  });

  describeWith(certificateTools, "without TLS", () => {
    let keys: Certificates;
    beforeAll(async () => {
      keys = await Certificates.make();
    });
    afterAll(() => keys[Symbol.dispose]());

    it("is refused by a server that requires TLS, and reports the reason", async () => {
      await using server = await ServerProcess.start(["--tls=require", `--tls-psk=${keys.psk}`, "null"]);
      const { status, stderr } = await run("python3", program(url(server), []));
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/requires TLS/) });
    });
  });
});
