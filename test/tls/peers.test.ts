import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/client/connect.ts";
import { authorityDn, Certificates, certificateTools, clientDn } from "../helpers/certificates.ts";
import { run, succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith, hasTool } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";

const fake = fileURLToPath(new URL("recording-plugin.mjs", import.meta.url));

describeWith(certificateTools, "certificates of clients", () => {
  let keys: Certificates;
  beforeAll(async () => {
    keys = await Certificates.make();
  });
  afterAll(() => keys[Symbol.dispose]());

  const start = (directory: string, ...args: string[]): Promise<ServerProcess> =>
    ServerProcess.start(["--tls=require", "--tls-certificates", directory, ...args, fake]);
  const uri = (server: ServerProcess, directory: string): string =>
    `nbds+unix:///?socket=${server.socket}&tls-certificates=${directory}`;

  /** Whether each client is accepted, from the client's point of view. */
  const clients: [
    name: string,
    tool: string,
    comesIn: (uri: string, directory: string) => Promise<boolean>,
  ][] = [
    [
      "our client",
      "node",
      (where) =>
        connect(where).then(
          async (client) => {
            await client.close();
            return true;
          },
          () => false,
        ),
    ],
    ["nbdinfo", "nbdinfo", async (where) => (await run("nbdinfo", ["--size", where])).status === 0],
    [
      "qemu-img",
      "qemu-img",
      async (where, directory) => {
        const path = new URL(where).searchParams.get("socket");
        const credentials = `tls-creds-x509,id=tls0,dir=${directory},endpoint=client`;
        const image = `driver=nbd,path=${path},tls-creds=tls0,tls-hostname=localhost`;
        return (await run("qemu-img", ["info", "--object", credentials, "--image-opts", image])).status === 0;
      },
    ],
  ];

  for (const [name, tool, comesIn] of clients) {
    describe.skipIf(!hasTool(tool))(
      `shown by ${name}${hasTool(tool) ? "" : ` (skipped: needs ${tool})`}`,
      () => {
        const outcome = async (server: ServerProcess): Promise<Record<string, boolean>> => ({
          ours: await comesIn(uri(server, keys.pki), keys.pki),
          none: await comesIn(uri(server, keys.anonymous), keys.anonymous),
          ofAStranger: await comesIn(uri(server, keys.stranger), keys.stranger),
          revoked: await comesIn(uri(server, keys.revoked), keys.revoked),
        });

        it("are not checked without --tls-verify-peer", async () => {
          await using server = await start(keys.withCrl);
          // qemu-img refuses to show a certificate that its own authority has not signed.
          const ofAStranger = name !== "qemu-img";
          expect(await outcome(server)).toEqual({ ours: true, none: true, ofAStranger, revoked: true });
        });

        it("must be signed by our authority with --tls-verify-peer", async () => {
          await using server = await start(keys.pki, "--tls-verify-peer");
          expect(await outcome(server)).toEqual({
            ours: true,
            none: false,
            ofAStranger: false,
            revoked: true,
          });
          expect((await server.stop()).stderr).toMatch(/the client showed no certificate\n/);
        });

        it("must not be revoked with --tls-verify-peer and a CRL", async () => {
          await using server = await start(keys.withCrl, "--tls-verify-peer");
          expect(await outcome(server)).toEqual({
            ours: true,
            none: false,
            ofAStranger: false,
            revoked: false,
          });
          expect((await server.stop()).stderr).toMatch(/the client's certificate: .*REVOKED.*\n/);
        });
      },
    );
  }

  it("are required by --tls-verify-peer, which accepts clients without TLS when TLS is only on", async () => {
    await using server = await ServerProcess.start([
      ...["--tls=on", "--tls-certificates", keys.pki, "--tls-verify-peer"],
      ...["memory", "1M"],
    ]);
    await using client = await connect(server.uri());
    expect(client.size).toBe(1024n * 1024n);
  });

  it("are logged with -D nbdkit.tls.session=1", async () => {
    await using server = await ServerProcess.start([
      ...["--tls=require", "--tls-certificates", keys.pki, "-v", "-D", "nbdkit.tls.session=1"],
      ...["memory", "1M"],
    ]);
    const [, , comesIn] = clients[0]!;
    for (const directory of [keys.pki, keys.anonymous]) await comesIn(uri(server, directory), directory);
    const { stderr } = await server.stop();
    expect(stderr).toContain("memory[1]: debug: TLS: authentication: certificate\n");
    // The log doubles backslashes.
    const dn = clientDn.replaceAll("\\", "\\\\");
    expect(stderr).toContain(`memory[1]: debug: TLS: subject \`${dn}', issuer \`${authorityDn}', serial 0x`);
    expect(stderr).toContain("memory[2]: debug: TLS: no peer certificates found\n");
  });

  it.each([
    [`allow=dn:${clientDn.replace("\\", "\\\\")}`, "deny=any", [true, false]],
    ["allow=dn:CN=client.*,C=GB", "deny=any", [true, false]],
    [`allow=issuer-dn:${authorityDn}`, "deny=any", [true, false]],
    ["allow=dn:CN=another*", "deny=any", [false, false]],
    ["allow=any", "deny=dn:*", [true, true]],
    ["deny=dn:CN=client.*", "allow=uid:4242", [false, true]],
  ])("are available to the ip filter: %s %s", async (one, other, [ours, none]) => {
    await using server = await ServerProcess.start([
      ...["--tls=require", "--tls-certificates", keys.pki, "--filter=ip"],
      ...["memory", "1M", one, other],
    ]);
    const [, , comesIn] = clients[0]!;
    expect(await comesIn(uri(server, keys.pki), keys.pki)).toBe(ours);
    expect(await comesIn(uri(server, keys.anonymous), keys.anonymous)).toBe(none);
  });

  describe("reach the plugin's open", () => {
    const opened = async (server: ServerProcess): Promise<unknown> => {
      await until("the open", () => /^fake: open .*\n/m.test(server.said));
      return JSON.parse(/^fake: open (.*)\n/m.exec(server.said)![1]!);
    };

    it.each([
      ["with --tls-verify-peer", ["--tls-verify-peer"]],
      ["without it", []],
    ])("as names of the client and of the issuer, when they are valid (%s)", async (_, args) => {
      await using server = await start(keys.pki, ...args);
      await using _client = await connect(uri(server, keys.pki));
      expect(await opened(server)).toEqual({
        ...{ exportName: "", tls: true },
        ...{ tlsDn: clientDn, tlsIssuerDn: authorityDn },
      });
    });

    it("not at all when no authority has signed them", async () => {
      await using server = await start(keys.withCrl);
      for (const directory of [keys.stranger, keys.revoked, keys.anonymous]) {
        await using _client = await connect(uri(server, directory));
      }
      const { stderr } = await server.stop();
      const opens = stderr.split("\n").filter((line) => line.startsWith("fake: open"));
      expect(opens).toEqual(Array(3).fill('fake: open {"exportName":"","tls":true}'));
    });

    it("not at all without TLS", async () => {
      await using server = await ServerProcess.start(["--tls=on", "--tls-certificates", keys.pki, fake]);
      await using _client = await connect(server.uri());
      expect(await opened(server)).toEqual({ exportName: "", tls: false });
    });

    it("with special characters escaped", async () => {
      const directory = keys.directory("odd-names");
      const [key, request] = [join(directory, "client-key.pem"), join(directory, "odd.info")];
      copyFileSync(join(keys.pki, "ca-cert.pem"), join(directory, "ca-cert.pem"));
      copyFileSync(join(keys.pki, "client-key.pem"), key);
      writeFileSync(request, 'cn = "#1, CN=admin; \\"x\\" + <y> = z"\ntls_www_client\nsigning_key\n');
      await succeed("certtool", [
        ...["--generate-certificate", "--load-privkey", key, "--template", request],
        ...["--load-ca-certificate", join(keys.path, "ca-cert.pem")],
        ...["--load-ca-privkey", join(keys.path, "ca-key.pem")],
        ...["--outfile", join(directory, "client-cert.pem")],
      ]);
      const dn = (await succeed("certtool", ["-i", "--infile", join(directory, "client-cert.pem")])).match(
        /^\tSubject: (.*)$/m,
      )![1];
      await using server = await start(keys.pki, "--tls-verify-peer");
      await using _client = await connect(uri(server, directory));
      expect(await opened(server)).toMatchObject({ tlsDn: dn });
    });
  });
});

describeWith(certificateTools, "the server's certificate", () => {
  let keys: Certificates;
  beforeAll(async () => {
    keys = await Certificates.make();
  });
  afterAll(() => keys[Symbol.dispose]());

  const start = (directory: string): Promise<ServerProcess> =>
    ServerProcess.start(["--tls=require", "--tls-certificates", directory, "memory", "1M"]);
  const uri = (server: ServerProcess, directory: string, more = ""): string =>
    `nbds+unix:///?socket=${server.socket}&tls-certificates=${directory}${more}`;

  it("must be signed by an authority that our client trusts", async () => {
    await using server = await start(keys.elsewhere);
    await expect(connect(uri(server, keys.pki))).rejects.toThrow(/TLS handshake failed: .*certificate/);
    await using client = await connect(uri(server, keys.elsewhere));
    expect(client.size).toBe(1024n * 1024n);
  });

  it("must contain the host name, or the name in tls-hostname", async () => {
    await using server = await start(keys.otherHost);
    await expect(connect(uri(server, keys.pki))).rejects.toThrow(/does not match/);
    await expect(connect(uri(server, keys.pki, "&tls-hostname=third.example"))).rejects.toThrow(
      /does not match/,
    );
    await using client = await connect(uri(server, keys.pki, "&tls-hostname=elsewhere.example"));
    expect(client.size).toBe(1024n * 1024n);
  });

  it("is not checked with tls-verify-peer=0", async () => {
    await using server = await start(keys.elsewhere);
    await using client = await connect(uri(server, keys.pki, "&tls-verify-peer=0"));
    expect(client.size).toBe(1024n * 1024n);
  });

  it("is checked after the client's own keys: the client first reports errors in its own files", async () => {
    const directory = keys.directory("broken-client");
    copyFileSync(join(keys.pki, "ca-cert.pem"), join(directory, "ca-cert.pem"));
    copyFileSync(join(keys.pki, "client-cert.pem"), join(directory, "client-cert.pem"));
    copyFileSync(join(keys.stranger, "client-key.pem"), join(directory, "client-key.pem"));
    const nowhere = `nbds+unix:///?socket=/nonexistent&tls-certificates=${directory}`;
    await expect(connect(nowhere)).rejects.toThrow(
      "cannot use the TLS keys: client-cert.pem and its key do not belong together",
    );
  });
});
