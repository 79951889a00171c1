import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/client/connect.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { Folder } from "../helpers/folder.ts";
import { referenceNbdkit, startQemuNbd } from "../helpers/reference-servers.ts";
import { nbd, nbdkit, run, succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";

const needsNbdkit = referenceNbdkit === undefined ? " (skipped: needs nbdkit)" : "";
const MiB = 1024 * 1024;
const sha256 = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

describeWith(certificateTools, "TLS with other programs", () => {
  let keys: Certificates;
  let folder: Folder;
  beforeAll(async () => {
    keys = await Certificates.make();
    folder = new Folder();
    writeFileSync(folder.join("64M.img"), randomBytes(64 * MiB));
  });
  afterAll(() => {
    keys[Symbol.dispose]();
    folder[Symbol.dispose]();
  });

  /** The arguments of both sides for each kind of keys. */
  const kinds = [
    {
      kind: "certificates",
      server: () => ["--tls=require", "--tls-certificates", keys.pki, "--tls-verify-peer"],
      user: "",
      query: () => `tls-certificates=${keys.pki}`,
      qemu: (endpoint: string) =>
        `tls-creds-x509,id=tls0,dir=${keys.pki},endpoint=${endpoint},verify-peer=on`,
    },
    {
      kind: "pre-shared keys",
      server: () => ["--tls=require", "--tls-psk", keys.psk],
      user: "alice@",
      query: () => `tls-psk-file=${keys.psk}`,
      qemu: (endpoint: string) => {
        const user = endpoint === "client" ? ",username=alice" : "";
        return `tls-creds-psk,id=tls0,dir=${dirname(keys.psk)},endpoint=${endpoint}${user}`;
      },
    },
  ];

  describe.each(kinds)("$kind", ({ server: serverArgs, user, query, qemu }) => {
    const uri = (socket: string): string => `nbds+unix://${user}/?socket=${socket}&${query()}`;
    const start = (...args: string[]): Promise<ServerProcess> =>
      ServerProcess.start([...serverArgs(), ...args]);
    const byTcp = (args: readonly string[], script: string): Promise<string> =>
      succeed(nbdkit, ["-i127.0.0.1", "-p0", ...serverArgs(), ...args, "--run", script]);

    describeWith(["nbdinfo", "nbdcopy"], "our server and libnbd", () => {
      it("nbdinfo connects by a Unix socket and lists the exports, encrypted", async () => {
        await using server = await start("memory", "1M");
        expect(await succeed("nbdinfo", ["--list", uri(server.socket)])).toMatch(/with TLS/);
      });

      it("nbdinfo connects by TCP, and is refused without TLS", async () => {
        const script = `nbdinfo --size "nbds://${user}127.0.0.1:$port/?${query()}"; nbdinfo --size nbd://127.0.0.1:$port || echo no`;
        expect(await byTcp(["memory", "1M"], script)).toBe("1048576\nno\n");
      });

      it.each([
        ["memory", () => ["memory", "64M"]],
        ["file", () => ["file", folder.join("disk.img")]],
      ])("nbdcopy copies 64 MiB in and out by four connections, byte for byte (%s)", async (_, plugin) => {
        writeFileSync(folder.join("disk.img"), Buffer.alloc(64 * MiB));
        await using server = await start(...plugin());
        const four = ["--connections=4", "--threads=2"];
        await succeed("nbdcopy", [...four, "--flush", folder.join("64M.img"), uri(server.socket)]);
        await succeed("nbdcopy", [...four, uri(server.socket), folder.join("copy.img")]);
        expect(sha256(folder.join("copy.img"))).toBe(sha256(folder.join("64M.img")));
      });

      it("nbdcopy copies requests of 32 MiB and of 4 KiB, with many requests in flight", async () => {
        await using server = await start("-r", "file", folder.join("64M.img"));
        for (const flags of [["--request-size=33554432"], ["--request-size=4096", "--requests=256"]]) {
          await succeed("nbdcopy", [
            ...flags,
            "--connections=2",
            uri(server.socket),
            folder.join("copy.img"),
          ]);
          expect(sha256(folder.join("copy.img"))).toBe(sha256(folder.join("64M.img")));
        }
      });
    });

    describeWith(["qemu-img"], "our server and qemu-img", () => {
      it("copies in and out by a Unix socket, byte for byte", async () => {
        await using server = await start("memory", "64M");
        const creds = ["--object", qemu("client").replace(",verify-peer=on", "")];
        const image = `driver=nbd,path=${server.socket},tls-creds=tls0,tls-hostname=localhost`;
        const target = ["--target-image-opts", `driver=raw,file.${image.replaceAll(",", ",file.")}`];
        await succeed("qemu-img", [
          "convert",
          ...creds,
          "-n",
          "-f",
          "raw",
          folder.join("64M.img"),
          ...target,
        ]);
        await succeed("qemu-img", [
          "convert",
          ...creds,
          "--image-opts",
          image,
          "-O",
          "raw",
          folder.join("copy.img"),
        ]);
        expect(sha256(folder.join("copy.img"))).toBe(sha256(folder.join("64M.img")));
      });

      it("connects by TCP", async () => {
        const creds = qemu("client").replace(",verify-peer=on", "");
        const image = "driver=nbd,host=127.0.0.1,port=$port,tls-creds=tls0";
        const script = `qemu-img info --object ${creds} --image-opts ${image}`;
        expect(await byTcp(["memory", "1M"], script)).toMatch(/virtual size: 1 MiB/);
      });
    });

    it("nbd copy copies 64 MiB in and out of our server, byte for byte", async () => {
      await using server = await start("memory", "64M");
      await succeed(nbd, ["copy", folder.join("64M.img"), uri(server.socket)]);
      await succeed(nbd, ["copy", uri(server.socket), folder.join("copy.img")]);
      expect(sha256(folder.join("copy.img"))).toBe(sha256(folder.join("64M.img")));
    });

    it("our client connects to our server by TCP", async () => {
      const script = `"${nbd}" info --size "nbds://${user}127.0.0.1:$port/?${query()}" && "${nbd}" info --size "nbds://${user}localhost:$port/?${query()}"`;
      expect(await byTcp(["memory", "1M"], script)).toBe("1048576\n1048576\n");
    });

    describe.skipIf(referenceNbdkit === undefined)(`our client and the system's nbdkit${needsNbdkit}`, () => {
      const reference = (...args: string[]): Promise<ServerProcess> =>
        ServerProcess.start([...serverArgs(), ...args], { program: referenceNbdkit! });

      it("nbd copy copies 64 MiB in and out, byte for byte", async () => {
        await using server = await reference("memory", "64M");
        await succeed(nbd, ["copy", folder.join("64M.img"), uri(server.socket)]);
        await succeed(nbd, ["copy", uri(server.socket), folder.join("copy.img")]);
        expect(sha256(folder.join("copy.img"))).toBe(sha256(folder.join("64M.img")));
      });

      it("needs TLS where it is required", async () => {
        await using server = await reference("memory", "1M");
        await expect(connect(server.uri())).rejects.toThrow(/TLS/);
      });

      it("connects by TCP", async () => {
        // That version reports the port that it was given, not the port that it got; so give it a free port.
        const free = createServer().listen(0, "127.0.0.1");
        await once(free, "listening");
        const { port } = free.address() as { port: number };
        free.close();
        await once(free, "close");
        const args = ["-i127.0.0.1", "-p", String(port), ...serverArgs(), "memory", "1M"];
        const script = `"${nbd}" info --size "nbds://${user}localhost:${port}/?${query()}"`;
        expect(await succeed(referenceNbdkit!, [...args, "--run", script])).toBe("1048576\n");
      });
    });

    describeWith(["qemu-nbd"], "our client and qemu-nbd", () => {
      it("nbd copy copies 64 MiB in and out, byte for byte", async () => {
        using own = new Folder();
        writeFileSync(own.join("disk.img"), Buffer.alloc(64 * MiB));
        const args = ["--object", qemu("server"), "--tls-creds=tls0", "--format=raw", own.join("disk.img")];
        await using server = await startQemuNbd(own, args);
        const secure = uri(/socket=(.*)$/.exec(server.uri)![1]!);
        await succeed(nbd, ["copy", folder.join("64M.img"), secure]);
        await succeed(nbd, ["copy", secure, folder.join("copy.img")]);
        expect(sha256(folder.join("copy.img"))).toBe(sha256(folder.join("64M.img")));
        await expect(connect(server.uri)).rejects.toThrow(/TLS/);
      });
    });

    describeWith(["nbdsh"], "our server on standard input and output", () => {
      it("serves a client that started the server on a socket", async () => {
        const settings =
          user === ""
            ? `h.set_tls_certificates("${keys.pki}")`
            : `h.set_tls_username("alice"); h.set_tls_psk_file("${keys.psk}")`;
        const script = `h.set_tls(nbd.TLS_REQUIRE); ${settings}
h.connect_command(${JSON.stringify([nbdkit, "-s", "--exit-with-parent", ...serverArgs(), "memory", "1M"])})
h.pwrite(b"x" * 512, 4096)
print(h.get_tls_negotiated(), h.pread(512, 4096) == b"x" * 512)`;
        const { status, stdout, stderr } = await run("nbdsh", ["-c", script]);
        expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "True True\n", stderr: "" });
      });
    });
  });
});
