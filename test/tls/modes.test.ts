import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { connect } from "../../src/client/connect.ts";
import { silentLog } from "../../src/core/log.ts";
import { prepareTls, rootCertificatesDirectory } from "../../src/server/tls.ts";
import { Certificates, certificateTools } from "../helpers/certificates.ts";
import { Folder } from "../helpers/folder.ts";
import { referenceNbdkit } from "../helpers/reference-servers.ts";
import { nbdkit, type Outcome, run, succeed } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { credentials, encrypted } from "../helpers/secure-client.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";

const needsNbdkit = referenceNbdkit === undefined ? " (skipped: needs nbdkit)" : "";

/** A prefix that runs a command as another user than root; undefined when that is not possible. */
const asUser: readonly string[] | undefined = (() => {
  if (process.geteuid?.() !== 0) return [];
  const command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const { status } = spawnSync(command[0]!, [...command.slice(1), nbdkit, "--version"]);
  return status === 0 ? command : undefined;
})();

describeWith(certificateTools, "--tls", () => {
  let keys: Certificates;
  let made = 0;
  beforeAll(async () => {
    keys = await Certificates.make();
  });
  afterAll(() => keys[Symbol.dispose]());

  /** A copy of a directory of keys, which a test may damage. */
  function copyOf(directory: string): string {
    made++;
    const copy = join(keys.path, `copy-${made}`);
    cpSync(directory, copy, { recursive: true });
    return copy;
  }

  /** Keys whose ca-cert.pem holds no certificate. */
  function withoutAuthority(): string {
    const directory = copyOf(keys.pki);
    writeFileSync(join(directory, "ca-cert.pem"), "garbage\n");
    return directory;
  }

  const ask = (args: readonly string[], program = nbdkit): Promise<Outcome> =>
    run(program, ["-U", "-", ...args, "null", "--run", 'echo "tls=$tls"']);

  describe("=off|on|require", () => {
    it.each([
      ["off", true, false],
      ["on", true, true],
      ["require", false, true],
    ])("%s: clients in clear are served: %s, clients with TLS: %s", async (mode, clear, secure) => {
      await using server = await ServerProcess.start([
        ...[`--tls=${mode}`, "--tls-certificates", keys.pki],
        ...["memory", "1M"],
      ]);
      const succeeds = (uri: string): Promise<boolean> =>
        connect(uri).then(
          async (client) => {
            await client.close();
            return true;
          },
          () => false,
        );
      expect(await succeeds(server.uri())).toBe(clear);
      const uri = `nbds+unix:///?socket=${server.socket}&tls-certificates=${keys.pki}`;
      expect(await succeeds(uri)).toBe(secure);
    });

    it("is on by default when --tls-certificates names certificates, and off when the directory has none", async () => {
      expect(await ask(["--tls-certificates", keys.pki])).toEqual({
        status: 0,
        stdout: "tls=1\n",
        stderr: "",
      });
      expect(await ask(["--tls-certificates", keys.directory("empty")])).toEqual({
        ...{ status: 0, stdout: "tls=\n", stderr: "" },
      });
    });

    it("is on by default with --tls-psk", async () => {
      expect((await ask(["--tls-psk", keys.psk])).stdout).toBe("tls=1\n");
    });

    it("on without certificates warns in one line and serves without TLS", async () => {
      const { status, stdout, stderr } = await ask(["--tls=on", "--tls-certificates", "/nonexistent"]);
      expect({ status, stdout }).toEqual({ status: 0, stdout: "tls=\n" });
      expect(stderr).toMatch(
        /^nbdkit: warning: --tls=on but could not load TLS certificates: .*TLS is disabled.*\n$/,
      );
    });

    it("require without certificates is an error of one line with the remedy", async () => {
      const { status, stdout, stderr } = await ask(["--tls=require", "--tls-certificates", "/nonexistent"]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(
        /^nbdkit: error: --tls=require but could not load .*try --tls-certificates=.*\n$/,
      );
    });

    it("off does not read keys, not even unusable ones", async () => {
      const broken = ["--tls-certificates", "/nonexistent", "--tls-psk", "/nonexistent"];
      expect(await ask(["--tls=off", ...broken])).toEqual({ status: 0, stdout: "tls=\n", stderr: "" });
    });

    it("require is refused with -o, which has no TLS", async () => {
      const { status, stdout, stderr } = await ask(["-o", "--tls=require", "--tls-psk", keys.psk]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(/^nbdkit: error: -o and --tls=require cannot be used together.*\n$/);
    });
  });

  describe.skipIf(referenceNbdkit === undefined)(`compared with the system's nbdkit${needsNbdkit}`, () => {
    it.each<[string, () => string[]]>([
      ["nothing named, off", () => ["--tls=off"]],
      ["certificates", () => ["--tls-certificates", keys.pki]],
      ["certificates, off", () => ["--tls=off", "--tls-certificates", keys.pki]],
      ["certificates, on", () => ["--tls=on", "--tls-certificates", keys.pki]],
      ["certificates, require", () => ["--tls=require", "--tls-certificates", keys.pki]],
      ["certificates, verified", () => ["--tls-verify-peer", "--tls-certificates", keys.pki]],
      ["certificates with a CRL", () => ["--tls-certificates", keys.withCrl]],
      ["an authority's file without a certificate", () => ["--tls-certificates", withoutAuthority()]],
      ["no certificates there", () => ["--tls-certificates", "/nonexistent"]],
      ["no certificates there, on", () => ["--tls=on", "--tls-certificates", "/nonexistent"]],
      ["no certificates there, require", () => ["--tls=require", "--tls-certificates", "/nonexistent"]],
      ["keys", () => ["--tls-psk", keys.psk]],
      ["keys, off", () => ["--tls=off", "--tls-psk", keys.psk]],
      ["keys, require", () => ["--tls=require", "--tls-psk", keys.psk]],
      ["keys that are not there", () => ["--tls-psk", "/nonexistent"]],
      ["keys that are not there, off", () => ["--tls=off", "--tls-psk", "/nonexistent"]],
      ["keys and certificates", () => ["--tls-psk", keys.psk, "--tls-certificates", keys.pki]],
      ["a word that is no mode", () => ["--tls=perhaps"]],
      ["another word for on", () => ["--tls=yes", "--tls-psk", keys.psk]],
      ["oldstyle, require", () => ["-o", "--tls=require", "--tls-psk", keys.psk]],
      ["oldstyle, on", () => ["-o", "--tls=on", "--tls-psk", keys.psk]],
    ])("starts, or fails to start, in the same mode: %s", async (_, args) => {
      const [ours, theirs] = await Promise.all([ask(args()), ask(args(), referenceNbdkit)]);
      expect({ status: ours.status, stdout: ours.stdout }).toEqual({
        ...{ status: theirs.status, stdout: theirs.stdout },
      });
      expect(ours.stderr !== "").toBe(theirs.stderr !== "");
    });
  });

  describe("the default directories", () => {
    afterEach(() => {
      vi.restoreAllMocks();
      vi.unstubAllEnvs();
    });

    const prepare = (): ReturnType<typeof prepareTls> => prepareTls({ verifyPeer: false }, silentLog);

    function home(...places: string[]): string {
      const path = keys.directory(`home-${made++}`);
      for (const place of places) {
        mkdirSync(join(path, place, ".."), { recursive: true });
        cpSync(keys.pki, join(path, place), { recursive: true });
      }
      vi.stubEnv("HOME", path);
      return path;
    }

    it.each([".pki/nbdkit", ".config/pki/nbdkit"])("of an ordinary user are searched: %s", async (place) => {
      vi.spyOn(process, "geteuid").mockReturnValue(1000);
      const path = home(place);
      expect(await prepare()).toMatchObject({ mode: "on", certificates: join(path, place) });
    });

    it("of an ordinary user: .pki is preferred to .config/pki", async () => {
      vi.spyOn(process, "geteuid").mockReturnValue(1000);
      const path = home(".config/pki/nbdkit", ".pki/nbdkit");
      expect(await prepare()).toMatchObject({ certificates: join(path, ".pki/nbdkit") });
    });

    it("of an ordinary user may be missing: TLS is off", async () => {
      vi.spyOn(process, "geteuid").mockReturnValue(1000);
      home();
      expect(await prepare()).toEqual({ mode: "off" });
    });

    it("are not searched when --tls-certificates names another directory", async () => {
      vi.spyOn(process, "geteuid").mockReturnValue(1000);
      home(".pki/nbdkit");
      const named = { verifyPeer: false, certificates: keys.directory(`named-${made++}`) };
      expect(await prepareTls(named, silentLog)).toEqual({ mode: "off" });
    });

    it("of root are not in a home directory", async () => {
      vi.spyOn(process, "geteuid").mockReturnValue(0);
      const path = home(".pki/nbdkit");
      expect(rootCertificatesDirectory).toBe("/etc/pki/nbdkit");
      expect((await prepare()).certificates).not.toBe(join(path, ".pki/nbdkit"));
    });

    it.skipIf(asUser === undefined)(
      `make the command use TLS by default${asUser ? "" : " (skipped: no ordinary user can read this folder)"}`,
      async () => {
        using folder = new Folder();
        const pki = folder.join(".pki/nbdkit");
        cpSync(keys.pki, pki, { recursive: true });
        await succeed("chmod", ["-R", "a+rX", folder.path]);
        const [program, ...args] = [...asUser!, nbdkit, "null", "--run", 'echo "$tls $tls_certificates"'];
        const { stdout } = await run(program!, args, { env: { HOME: folder.path } });
        expect(stdout).toBe(`1 ${pki}\n`);
      },
    );
  });

  describe("with unusable keys ends with status 1 and one line", () => {
    const secrets = (directory: string): string[] =>
      readdirSync(directory, { withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.includes("key"))
        .flatMap(({ name }) => readFileSync(join(directory, name), "utf8").split("\n"))
        .filter((line) => line.length > 20 && !line.startsWith("-----"));

    it.each<[string, (directory: string) => void, RegExp]>([
      [
        "a key that is not there",
        (to) => copyFileSync(join(keys.pki, "server-cert.pem"), join(to, "server-cert-4.pem")),
        /server-key-4\.pem/,
      ],
      [
        "a key that is garbage",
        (to) => writeFileSync(join(to, "server-key.pem"), "garbage\n"),
        /server-cert\.pem/,
      ],
      [
        "a certificate that is garbage",
        (to) => writeFileSync(join(to, "server-cert.pem"), "garbage\n"),
        /server-cert\.pem is not a certificate/,
      ],
      ["an empty key", (to) => writeFileSync(join(to, "server-key.pem"), ""), /server-cert\.pem/],
      [
        "a key cut off in the middle",
        (to) => {
          const text = readFileSync(join(to, "server-key.pem"));
          writeFileSync(join(to, "server-key.pem"), text.subarray(0, text.length / 2));
        },
        /server-cert\.pem/,
      ],
      [
        "a key of another certificate",
        (to) => copyFileSync(join(keys.otherHost, "server-key.pem"), join(to, "server-key-1.pem")),
        /server-cert-1\.pem and its key do not belong together/,
      ],
      [
        "a key of another kind",
        (to) => copyFileSync(join(keys.otherHost, "server-key.pem"), join(to, "server-key.pem")),
        /server-cert\.pem and its key do not belong together/,
      ],
      [
        "an authority that is cut off in the middle",
        (to) => {
          const text = readFileSync(join(to, "ca-cert.pem"));
          writeFileSync(join(to, "ca-cert.pem"), text.subarray(0, text.length / 2));
        },
        /ca-cert\.pem is not a certificate/,
      ],
      ["a CRL that is garbage", (to) => writeFileSync(join(to, "ca-crl.pem"), "garbage\n"), /CRL/],
      [
        "a directory in the place of the key",
        (to) => mkdirSync(join(to, "server-key-2.pem"), { recursive: true }),
        /server-key-2\.pem|EISDIR/,
      ],
      [
        "a link that leads round in circles",
        (to) => {
          copyFileSync(join(to, "server-cert.pem"), join(to, "server-cert-3.pem"));
          symlinkSync("server-key-3.pem", join(to, "server-key-3.pem"));
        },
        /server-key-3\.pem/,
      ],
    ])("%s", async (title, spoil, message) => {
      const directory = copyOf(keys.twoKinds);
      if (title.startsWith("a directory")) {
        copyFileSync(join(directory, "server-cert.pem"), join(directory, "server-cert-2.pem"));
      }
      spoil(directory);
      for (const mode of ["on", "require"]) {
        const { status, stdout, stderr } = await ask([
          "-v",
          `--tls=${mode}`,
          "--tls-certificates",
          directory,
        ]);
        expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
        const errors = stderr.split("\n").filter((line) => !line.startsWith("nbdkit: debug: "));
        expect(errors).toEqual([expect.stringMatching(/^nbdkit: error: /), ""]);
        expect(errors[0]).toMatch(message);
        for (const secret of secrets(directory)) expect(stderr).not.toContain(secret);
      }
    });

    it("--tls-verify-peer with an authority file that holds no certificate", async () => {
      const { status, stderr } = await ask(["--tls-verify-peer", "--tls-certificates", withoutAuthority()]);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^nbdkit: error: .*ca-cert\.pem is not a certificate.*\n$/);
    });

    it("--tls-verify-peer without an authority", async () => {
      const directory = keys.directory("no-authority");
      for (const name of ["server-cert.pem", "server-key.pem"]) {
        copyFileSync(join(keys.pki, name), join(directory, name));
      }
      const { status, stderr } = await ask(["--tls-verify-peer", "--tls-certificates", directory]);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^nbdkit: error: --tls-verify-peer needs .*ca-cert\.pem\n$/);
    });
  });

  describe("-certificates", () => {
    it("may be a relative path, also for a server in the background with another directory", async () => {
      await using sandbox = new Sandbox();
      cpSync(keys.pki, sandbox.folder.join("pki"), { recursive: true });
      const { status, stderr } = await sandbox.sh(
        `"$nbdkit" --tls=require --tls-certificates=./pki -U "$PWD/socket" -P "$PWD/pid" memory 1M`,
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const uri = `nbds+unix:///?socket=${sandbox.folder.join("socket")}&tls-certificates=${keys.pki}`;
      await using client = await connect(uri);
      expect(client.size).toBe(1024n * 1024n);
    });

    it("is in $tls_certificates as given, and absolute in $uri", async () => {
      const { stdout } = await run(
        nbdkit,
        ["--tls=require", "--tls-certificates=.", "null", "--run", 'cd /; echo "$tls_certificates $uri"'],
        { cwd: keys.pki },
      );
      expect(stdout).toMatch(new RegExp(`^\\. nbds\\+unix://\\?socket=.*&tls-certificates=${keys.pki}\n$`));
    });

    it("is in $tls_psk as given, and absolute in $uri", async () => {
      const { stdout } = await run(
        nbdkit,
        ["--tls=require", "--tls-psk=keys.psk", "null", "--run", 'cd /; echo "$tls_psk $uri"'],
        { cwd: join(keys.psk, "..") },
      );
      expect(stdout).toMatch(
        new RegExp(`^keys\\.psk nbds\\+unix://\\?socket=.*&tls-psk-file=${keys.psk}\n$`),
      );
    });

    it.each([
      ["RSA", "rsa_pss_rsae_sha256", "rsa"],
      ["ECDSA", "ecdsa_secp256r1_sha256", "ec"],
    ])(
      "may hold pairs of several types: a client that supports only %s is served",
      async (_, sigalgs, kind) => {
        await using server = await ServerProcess.start([
          ...["--tls=require", "--tls-certificates", keys.twoKinds],
          ...["memory", "1M"],
        ]);
        using client = await encrypted(server.socket, { ...credentials(keys.anonymous, false), sigalgs });
        const shown = (client.socket as TLSSocket).getPeerX509Certificate()!;
        expect(shown.publicKey.asymmetricKeyType).toBe(kind);
        await client.go("");
        await client.readSector();
      },
    );

    it("with one type only refuses clients that support only the other type", async () => {
      await using server = await ServerProcess.start([
        ...["--tls=require", "--tls-certificates", keys.pki],
        ...["memory", "1M"],
      ]);
      const other = { ...credentials(keys.anonymous, false), sigalgs: "ecdsa_secp256r1_sha256" };
      await expect(encrypted(server.socket, other)).rejects.toThrow();
    });
  });
});
