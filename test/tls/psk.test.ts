import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/client/connect.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { nbd, nbdkit, run } from "../helpers/run.ts";
import { encrypted, preShared, readKey } from "../helpers/secure-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";

/** Whether this test can change to a user id without a name, which may read the command. */
const userWithoutName =
  spawnSync("setpriv", ["--reuid=54321", "--clear-groups", nbd, "--version"]).status === 0;

describeWith(certificateTools, "--tls-psk", () => {
  let keys: Certificates;
  beforeAll(async () => {
    keys = await Certificates.make();
  });
  afterAll(() => keys[Symbol.dispose]());

  const start = (...args: string[]): Promise<ServerProcess> =>
    ServerProcess.start(["--tls=require", "--tls-psk", keys.psk, ...args, "memory", "1M"]);
  const uri = (server: ServerProcess, user: string, file: string): string =>
    `nbds+unix://${user}@/?socket=${server.socket}&tls-psk-file=${file}`;

  it("accepts each user of the file", async () => {
    await using server = await start();
    for (const user of ["alice", "bob"]) {
      await using client = await connect(uri(server, user, keys.psk));
      expect(client.size).toBe(1024n * 1024n);
    }
  });

  it("logs the user with -D nbdkit.tls.session=1", async () => {
    await using server = await start("-v", "-D", "nbdkit.tls.session=1");
    await using client = await connect(uri(server, "alice", keys.psk));
    await client.close();
    const { stderr } = await server.stop();
    expect(stderr).toContain("nbdkit: debug: TLS enabled using: Pre-Shared Keys (PSK)\n");
    expect(stderr).toMatch(/^nbdkit: memory\[1\]: debug: TLS session: \(TLS1\.3\)-\(TLS_AES_.*\)$/m);
    expect(stderr).toContain("memory[1]: debug: TLS: authentication: PSK (Pre-Shared Key)\n");
    expect(stderr).toContain("memory[1]: debug: TLS: PSK username: alice\n");
  });

  it("refuses a user with another key", async () => {
    await using server = await start();
    await expect(connect(uri(server, "alice", keys.wrongPsk))).rejects.toThrow(/TLS handshake failed/);
    const { stderr } = await server.stop();
    expect(stderr).toBe("nbdkit: memory[1]: error: TLS handshake failed: binder does not verify\n");
  });

  it("refuses a user with the key of another user", async () => {
    await using server = await start();
    const file = join(keys.path, "swapped.psk");
    writeFileSync(file, `bob:${readKey("alice", keys.psk)}\n`);
    await expect(connect(uri(server, "bob", file))).rejects.toThrow(/TLS handshake failed/);
  });

  it("refuses an unknown user, without a hint which users exist", async () => {
    await using server = await start();
    const file = join(keys.path, "carol.psk");
    writeFileSync(file, `carol:${readKey("alice", keys.psk)}\n`);
    await expect(connect(uri(server, "carol", file))).rejects.toThrow(/TLS handshake failed/);
    expect((await server.stop()).stderr).toMatch(/^nbdkit: memory\[1\]: error: TLS handshake failed: .+\n$/);
  });

  it("refuses a client with a certificate and no key", async () => {
    await using server = await start();
    const wrongKind = `nbds+unix:///?socket=${server.socket}&tls-certificates=${keys.pki}`;
    await expect(connect(wrongKind)).rejects.toThrow(/TLS handshake failed/);
  });

  describe("with TLS 1.2", () => {
    const old = { maxVersion: "TLSv1.2" } as const;

    it("accepts the user with the key", async () => {
      await using server = await start();
      using client = await encrypted(server.socket, { ...preShared("bob", keys.psk), ...old });
      await client.go("");
      await client.readSector();
    });

    it("refuses wrong keys and unknown users", async () => {
      await using server = await start();
      const wrong = { ...preShared("bob", keys.wrongPsk), ...old };
      await expect(encrypted(server.socket, wrong)).rejects.toThrow();
      const unknown = {
        ...preShared("bob", keys.psk),
        ...old,
        pskCallback: () => ({ identity: "carol", psk: Buffer.from(readKey("bob", keys.psk), "hex") }),
      };
      await expect(encrypted(server.socket, unknown)).rejects.toThrow();
    });
  });

  it("accepts TLS 1.2 as the oldest version", async () => {
    await using server = await start();
    const ancient = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1" } as const;
    await expect(
      encrypted(server.socket, {
        ...preShared("bob", keys.psk),
        ...ancient,
        ciphers: "PSK-AES128-CBC-SHA:@SECLEVEL=0",
      }),
    ).rejects.toThrow();
  });

  it("takes precedence over certificates", async () => {
    await using server = await start("--tls-certificates", keys.pki);
    await using client = await connect(uri(server, "alice", keys.psk));
    expect(client.size).toBe(1024n * 1024n);
  });

  it("uses the user's login name when the URI has none", async () => {
    const file = join(keys.path, "login.psk");
    const { stdout } = await run("id", ["-un"]);
    writeFileSync(file, `${stdout.trim()}:${readKey("alice", keys.psk)}\n`);
    await using server = await ServerProcess.start(["--tls=require", "--tls-psk", file, "memory", "1M"]);
    await using client = await connect(`nbds+unix:///?socket=${server.socket}&tls-psk-file=${file}`);
    expect(client.size).toBe(1024n * 1024n);
  });

  it("makes the client print a remedy when the file has no key for the user", async () => {
    await expect(connect(`nbds+unix://carol@/?socket=/nonexistent&tls-psk-file=${keys.psk}`)).rejects.toThrow(
      /keys\.psk has no key for carol: name another user before the host/,
    );
  });

  it("keeps the client from a server that shows a certificate instead, even one of a trusted authority", async () => {
    await using server = await ServerProcess.start([
      ...["--tls=require", "--tls-certificates", keys.elsewhere],
      ...["memory", "1M"],
    ]);
    const trusting = {
      NODE_OPTIONS: "--use-openssl-ca",
      SSL_CERT_FILE: join(keys.elsewhere, "ca-cert.pem"),
    };
    const certified = `nbds+unix:///?socket=${server.socket}`;
    expect((await run(nbd, ["info", "--size", certified], { env: trusting })).stdout).toBe("1048576\n");
    const { stderr } = await run(nbd, ["info", "--size", uri(server, "alice", keys.psk)], { env: trusting });
    expect(stderr).toMatch(
      /TLS handshake failed: the server shows a certificate instead of using the pre-shared key/,
    );
  });

  it.each([
    ["without a colon", "alice"],
    ["with a key that is no hexadecimal number", "alice:ghijk"],
    ["with half a byte", "alice:abc"],
    ["without a user", ":abcd"],
    ["without a key", "alice:"],
  ])("refuses a file with a line %s, and names the line number without its content", async (_, line) => {
    const file = join(keys.path, "broken.psk");
    writeFileSync(file, `bob:${readKey("bob", keys.psk)}\n${line}\n`);
    const { status, stdout, stderr } = await run(nbdkit, [
      "--tls-psk",
      file,
      "null",
      "--run",
      "echo started",
    ]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^nbdkit: error: .*broken\.psk line 2 is not of the form NAME:HEXKEY.*\n$/);
    expect(stderr).not.toContain("ghijk");
  });

  it("refuses a missing file", async () => {
    const { status, stderr } = await run(nbdkit, [
      "--tls-psk",
      "/nonexistent",
      "null",
      "--run",
      "echo started",
    ]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^nbdkit: error: cannot read the TLS keys: .*\/nonexistent.*\n$/);
  });

  it("prints no key with -v, for any client", async () => {
    await using server = await start("-v");
    await (await connect(uri(server, "alice", keys.psk))).close();
    await expect(connect(uri(server, "bob", keys.wrongPsk))).rejects.toThrow();
    const { stderr } = await server.stop();
    expect(stderr).toMatch(/^nbdkit: .*debug: /m);
    for (const file of [keys.psk, keys.wrongPsk]) {
      for (const user of ["alice", "bob"]) expect(stderr.toLowerCase()).not.toContain(readKey(user, file));
    }
  });

  it.skipIf(!userWithoutName)(
    `works for a user id without a name${userWithoutName ? "" : " (skipped: needs the superuser)"}`,
    async () => {
      const key = `nbds+unix:///?socket=/nonexistent&tls-psk-file=${keys.psk}`;
      const [program, ...args] = ["setpriv", "--reuid=54321", "--clear-groups", nbd, "info", key];
      const unnamed = { LOGNAME: undefined, USER: undefined };
      const { stderr } = await run(program!, args, { env: unnamed });
      expect(stderr).toMatch(/this user has no name: name one before the host, as in nbds:\/\/NAME@\n$/);
      const named = await run(program!, args, { env: { ...unnamed, LOGNAME: "alice" } });
      // The client gets as far as the keys, which this user may not read.
      expect(named.stderr).toMatch(/cannot read the TLS keys: EACCES/);
    },
  );
});
