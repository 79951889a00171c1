import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connect } from "../../src/client/index.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { Folder } from "../helpers/folder.ts";
import { referenceNbdkit, startNbdServer, startQemuNbd } from "../helpers/reference-servers.ts";
import { captive, nbdkit, outcomeOf, run, succeed } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { type ServerOptions, ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";

let folder: Folder;
let image: string;
beforeAll(async () => {
  folder = new Folder();
  image = folder.join("image");
  // Data followed by a hole; the last block is not complete.
  await succeed("/bin/sh", [
    "-c",
    `yes some data | head -c 1600000 > ${image} && truncate -s 3000320 ${image}`,
  ]);
});
afterAll(() => folder[Symbol.dispose]());

/** Returns everything that clients see of a proxy, except the address of its socket. */
async function seenBy(program: string, parameters: readonly string[]): Promise<string> {
  const list = 'nbdinfo --json "$uri" && nbdinfo --list --json "$uri"';
  const look = `${list} && nbdinfo --map "$uri" && nbdcopy "$uri" - | md5sum`;
  const seen = await succeed(program, ["-U", "-", "nbd", ...parameters, "--run", look]);
  return seen.replace(/"uri": ".*"/g, "");
}

describeWith(["nbdkit", "nbdinfo", "nbdcopy"], "nbd shows what nbdkit's nbd shows of", () => {
  const original = { program: referenceNbdkit! };

  it.each<[string, readonly string[], ServerOptions]>([
    ["nbdkit", ["file", "IMAGE"], original],
    ["nbdkit, read-only", ["-r", "file", "IMAGE"], original],
    ["nbdkit without structured replies", ["--no-sr", "file", "IMAGE"], original],
    ["nbdkit with an oldstyle handshake", ["-o", "file", "IMAGE"], original],
    [
      "nbdkit without extents and cache",
      ["--filter=noextents", "--filter=nocache", "file", "IMAGE"],
      original,
    ],
    ["nbdkit in memory", ["data", "1*5000 @100000 1", "size=1M"], original],
    ["our own nbdkit", ["file", "IMAGE"], {}],
  ])("%s", async (_title, args, program) => {
    await using far = await ServerProcess.start(
      args.map((word) => word.replace("IMAGE", image)),
      program,
    );
    const parameters = [`socket=${far.socket}`];
    expect(await seenBy(nbdkit, parameters)).toBe(await seenBy(referenceNbdkit!, parameters));
  });

  it("all exports of nbdkit", async () => {
    await using far = await ServerProcess.start(["file", `dir=${folder.path}`], original);
    const parameters = [`socket=${far.socket}`, "dynamic-export=true"];
    const list = ["-U", "-", "nbd", ...parameters, "--run", 'nbdinfo --list --json "$uri"'];
    const seen = await Promise.all([nbdkit, referenceNbdkit!].map((program) => succeed(program, list)));
    const [ours, theirs] = seen.map((text) => text.replace(/"uri": ".*"/g, ""));
    expect(ours).toBe(theirs);
  });
});

describeWith(["nbdkit", "nbdinfo", "nbdcopy", "qemu-nbd"], "nbd shows what nbdkit's nbd shows of", () => {
  it("qemu-nbd", async () => {
    using sockets = new Folder();
    await using far = await startQemuNbd(sockets, ["-f", "raw", "-D", "a disk", image], "some");
    expect(await seenBy(nbdkit, ["export=some", ...socketOf(far.uri)])).toBe(
      await seenBy(referenceNbdkit!, ["export=some", ...socketOf(far.uri)]),
    );
  });

  it("qemu-nbd that nbd has started, and no process is left", async () => {
    await using sandbox = new Sandbox();
    const disk = sandbox.folder.join("disk.qcow2");
    await succeed("qemu-img", ["create", "-q", "-f", "qcow2", disk, "8M"]);
    const args = ["command=qemu-nbd", "arg=-f", "arg=qcow2", `arg=${disk}`];
    const write = `qemu-io -f raw -c "write -P 7 1M 64k" -c flush "$uri"`;
    expect(await sandbox.nbdkit(["-U", "-", "nbd", ...args, "--run", write])).toMatchObject({ status: 0 });
    await sandbox.empty();
    expect(await seenBy(nbdkit, args)).toBe(await seenBy(referenceNbdkit!, args));
    const socket = sandbox.folder.join("socket");
    const server = sandbox.start(nbdkit, ["-f", "-U", socket, "-P", "pid", "nbd", ...args]);
    const pid = await sandbox.number("pid");
    await using client = await connect(`nbd+unix:///?socket=${socket}`);
    expect(client.size).toBe(8_388_608n);
    process.kill(pid, "SIGKILL");
    await outcomeOf(server);
    await until("the end of qemu-nbd", () => sandbox.processes.length === 0);
  });
});

describeWith(["nbd-server", "nbdcopy"], "the nbd plugin and nbd-server", () => {
  it("write and read back", async () => {
    using sockets = new Folder();
    const disk = folder.sparseFile("nbd-server-disk", 1_048_576);
    await using far = await startNbdServer(sockets, { disk });
    await captive(["nbd", `${far.uri}disk`], `head -c 1M '${image}' | nbdcopy --flush - "$uri"`);
    expect(readFileSync(disk).equals(readFileSync(image).subarray(0, 1_048_576))).toBe(true);
  });
});

describeWith(["fio", "qemu-img"], "the nbd plugin under load", () => {
  it.each([["shared=false"], ["shared=true"]])("stores what fio writes, with %s", async (shared) => {
    await using far = await ServerProcess.start(["memory", "16M"]);
    await using server = await ServerProcess.start(["nbd", `socket=${far.socket}`, shared]);
    const target = ["--name=test", "--ioengine=nbd", `--uri=${server.uri()}`, "--thread", "--numjobs=2"];
    const load = ["--rw=randwrite", "--bsrange=512-256k", "--blockalign=512", "--iodepth=16", "--size=8M"];
    const verify = ["--offset_increment=8M", "--verify=crc32c", "--verify_fatal=1"];
    const { status, stderr } = await run("fio", [...target, ...load, ...verify], { cwd: folder.path });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("serves an image that qemu-img finds identical to the original", async () => {
    await using far = await ServerProcess.start(["file", image]);
    const compare = `qemu-img convert -O qcow2 "$uri" '${folder.path}/copy' && qemu-img compare '${image}' '${folder.path}/copy'`;
    // qemu requires whole sectors.
    const args = ["--filter=truncate", "nbd", `socket=${far.socket}`, "round-up=512"];
    expect(await captive(args, compare)).toBe("Images are identical.\n");
  });
});

it("the nbd plugin uses an inherited socket (socket-fd=)", async () => {
  await using far = await ServerProcess.start(["data", '"hello"']);
  const socket = createConnection(far.socket);
  await once(socket, "connect");
  await using sandbox = new Sandbox();
  const read = '"$copy" copy "$uri" -';
  const copy = nbdkit.replace(/kit$/, "");
  const args = ["-U", "-", "nbd", "socket-fd=3", "--run", read];
  const server = sandbox.start(nbdkit, args, { stdio: ["ignore", "pipe", "pipe", socket], env: { copy } });
  expect(await outcomeOf(server)).toMatchObject({ status: 0, stdout: "hello", stderr: "" });
  socket.destroy();
});

it("killing the remote server of the nbd plugin fails the requests in flight, but not later requests", async () => {
  await using sandbox = new Sandbox();
  const start = async (): Promise<number> => {
    const args = [
      "-f",
      "-U",
      sandbox.folder.join("far"),
      "-P",
      sandbox.folder.join("far.pid"),
      "data",
      '"hello"',
    ];
    sandbox.start(nbdkit, args);
    return sandbox.number("far.pid");
  };
  const kill = async (pid: number): Promise<void> => {
    process.kill(pid, "SIGKILL");
    await until("its end", () => !sandbox.processes.includes(pid));
    rmSync(sandbox.folder.join("far.pid"));
  };
  let pid = await start();
  const place = ["nbd", `socket=${sandbox.folder.join("far")}`, "retry=20"];
  await using plain = await ServerProcess.start([...place, "shared=true"]);
  const retrying = ["--filter=retry", ...place, "retry-delay=50ms", "retry-exponential=no", "retries=1000"];
  await using steady = await ServerProcess.start(retrying);
  await using client = await connect(plain.uri());
  await using lasting = await connect(steady.uri());
  expect([await client.read(0, 5), await lasting.read(0, 5)]).toEqual([hello, hello]);
  await kill(pid);
  await expect(client.read(0, 5)).rejects.toMatchObject({ code: "EIO" });
  const late = lasting.read(0, 5);
  pid = await start();
  expect(await late).toEqual(hello);
  await using next = await connect(plain.uri());
  expect(await next.read(0, 5)).toEqual(hello);
});

describeWith(certificateTools, "the nbd plugin and TLS", () => {
  let keys: Certificates;
  beforeAll(async () => {
    keys = await Certificates.make();
  });
  afterAll(() => keys[Symbol.dispose]());

  const kinds = {
    certificates: () => [`tls-certificates=${keys.pki}`],
    "pre-shared keys": () => [`tls-psk=${keys.psk}`, "tls-username=alice"],
    none: () => [],
  };
  const servers = {
    certificates: () => ["--tls=require", `--tls-certificates=${keys.pki}`, "--tls-verify-peer"],
    "pre-shared keys": () => ["--tls=require", `--tls-psk=${keys.psk}`],
    none: () => ["--tls=off"],
  };

  it.each<[keyof typeof servers, keyof typeof kinds, string[], RegExp | undefined]>([
    ["certificates", "certificates", ["tls=require"], undefined],
    ["certificates", "certificates", [], undefined],
    ["certificates", "none", [], /TLS/],
    ["pre-shared keys", "pre-shared keys", ["tls=require"], undefined],
    ["pre-shared keys", "pre-shared keys", ["tls=off"], /TLS/],
    ["none", "pre-shared keys", ["tls=on"], undefined],
    ["none", "certificates", ["tls=require"], /TLS was required/],
  ])("a server with %s, and nbd with %s %j", async (server, kind, more, failure) => {
    await using far = await ServerProcess.start([...servers[server](), "data", '"hello"']);
    const place = ["nbd", `uri=${far.uri()}`, "retry=0", ...kinds[kind](), ...more];
    const { status, stderr } = await run(nbdkit, ["-U", "-", ...place, "shared=1", "--run", "true"]);
    if (failure === undefined) expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    else expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(failure) });
  });

  it("refuses a wrong name in the certificate, except with tls-verify=false", async () => {
    const files = ["--tls=require", `--tls-certificates=${keys.otherHost}`];
    await using far = await ServerProcess.start([...files, "data", '"hello"']);
    const place = ["-U", "-", "nbd", `socket=${far.socket}`, "tls=require", `tls-certificates=${keys.pki}`];
    const tries = (...more: string[]) => run(nbdkit, [...place, ...more, "shared=1", "--run", "true"]);
    expect(await tries()).toMatchObject({ status: 1, stderr: expect.stringMatching(/altnames|Hostname/) });
    expect(await tries("tls-verify=false")).toMatchObject({ status: 0, stderr: "" });
  });
});

const hello = Buffer.from("hello");

const socketOf = (uri: string): string[] => [`socket=${new URL(uri).searchParams.get("socket")}`];

describeWith(
  ["qemu-nbd"],
  "a server that command= has started ends when nbdkit is killed with SIGKILL",
  () => {
    const image = "truncate -s 1M disk && exec qemu-nbd -f raw disk";

    it.each<[string, string, (sandbox: Sandbox) => unknown]>([
      ["while the shell runs that then executes the server", image, ({ processes }) => processes.length > 1],
      ["while the server starts", `echo > begun; ${image}`, (sandbox) => sandbox.read("begun")],
      ["before the server starts", `echo > begun; read -r line < fifo`, (sandbox) => sandbox.read("begun")],
      [
        "while the server does not accept connections",
        "echo > begun; exec sleep 600",
        (sandbox) => sandbox.read("begun"),
      ],
    ])("%s", async (_when, script, isTime) => {
      await using sandbox = new Sandbox();
      await sandbox.sh("mkfifo fifo");
      const server = sandbox.start(nbdkit, [
        "-f",
        "-U",
        "socket",
        "nbd",
        "command=sh",
        "arg=-c",
        `arg=${script}`,
      ]);
      await until("the moment", () => isTime(sandbox));
      process.kill(server.pid!, "SIGKILL");
      await outcomeOf(server);
      await until("the end of the server", () => sandbox.processes.length === 0);
    });
  },
);
