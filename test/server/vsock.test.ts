import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Sandbox } from "../helpers/sandbox.ts";
import { hasTool } from "../helpers/tools.ts";

const showEndpoint = 'echo "$uri $port $unixsocket"';

/** A port above those of TCP; two tests at the same time are unlikely to choose the same port. */
const port: number = randomInt(70_000, 2 ** 31);

describe("listening on vsock", () => {
  it.each([
    [[], ""],
    [["-e", "a b"], "/a%20b"],
    // These options are for TCP, and nbdkit ignores them too.
    [["-i", "192.0.2.1", "-4"], ""],
  ])("passes its address to the command with %j", async (options, path) => {
    await using sandbox = new Sandbox();
    const args = ["--vsock", "-p", String(port), ...options, "null", "--run", showEndpoint];
    const stdout = `nbd+vsock://1:${port}${path} ${port} \n`;
    expect(await sandbox.nbdkit(args)).toEqual({ status: 0, stdout, stderr: "" });
  });

  it("chooses a free port for -p 0, and passes it on", async () => {
    await using sandbox = new Sandbox();
    const { stdout } = await sandbox.nbdkit(["--vsock", "-p", "0", "null", "--run", showEndpoint]);
    expect(stdout).toMatch(/^nbd\+vsock:\/\/1:([1-9]\d*) \1 \n$/);
  });

  it("reports a port that is in use", async () => {
    await using sandbox = new Sandbox();
    const inner = '"$nbdkit" -f --vsock -p "$port" null || echo "$port"';
    const { stdout, stderr } = await sandbox.nbdkit(["--vsock", "-p", "0", "null", "--run", inner]);
    expect(stderr).toBe(
      `nbdkit: error: cannot listen on vsock port ${stdout.trim()}: Address already in use\n`,
    );
  });
});

/** A kernel without vsock loopback reaches only other machines; a preloaded library adds loopback. */
const missing = ["cc", "nbdinfo"].filter((tool) => !hasTool(tool));
const source = fileURLToPath(new URL("../helpers/vsock-loopback.c", import.meta.url));
const nbd = fileURLToPath(new URL("../../bin/nbd", import.meta.url));

describe.skipIf(missing.length > 0)(
  `clients over vsock${missing.map((tool) => ` (skipped: needs ${tool})`)}`,
  () => {
    /**
     * Runs a server, and a script with `$nbd_command` and `$uri` as its --run, in a sandbox with vsock
     * loopback.
     */
    async function serve(sandbox: Sandbox, options: readonly string[], script: string): Promise<string> {
      const build = await sandbox.sh(`cc -shared -fPIC -o loopback.so '${source}' -ldl`);
      expect(build).toEqual({ status: 0, stdout: "", stderr: "" });
      const env = { LD_PRELOAD: sandbox.folder.join("loopback.so"), nbd_command: nbd };
      const args = ["--vsock", "-p", "0", ...options, "--run", script];
      const { status, stdout, stderr } = await sandbox.nbdkit(args, { env });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      return stdout;
    }

    const copyBothWays = `head -c 8M /dev/urandom > in && "$nbd_command" copy in "$uri" && "$nbd_command" copy "$uri" out &&
    cmp in out && echo same`;

    it("read and write", async () => {
      await using sandbox = new Sandbox();
      expect(await serve(sandbox, ["memory", "8M"], copyBothWays)).toBe("same\n");
    });

    it("are identified by their machine number", async () => {
      await using sandbox = new Sandbox();
      const rules = ["--filter=ip", "null", "7", "allow=vsock-cid:1", "deny=all"];
      expect(await serve(sandbox, rules, '"$nbd_command" info --size "$uri"')).toBe("7\n");
      const others = ["--log=null", "--filter=ip", "null", "7", "allow=vsock-cid:2", "deny=all"];
      expect(await serve(sandbox, others, '"$nbd_command" info --size "$uri" 2>/dev/null || echo no')).toBe(
        "no\n",
      );
    });

    it("use TLS", async () => {
      await using sandbox = new Sandbox();
      sandbox.file("keys.psk", `alice:${"17".repeat(32)}\n`);
      const options = ["--tls=require", "--tls-psk=keys.psk", "memory", "8M"];
      const asAlice = 'uri="nbds+vsock://alice@1:$port?tls-psk-file=$tls_psk"';
      expect(await serve(sandbox, options, `${asAlice}; ${copyBothWays}`)).toBe("same\n");
    });

    it("get an error when no server listens", async () => {
      await using sandbox = new Sandbox();
      const script = '"$nbd_command" info nbd+vsock://1:1 2>&1; echo $?';
      expect(await serve(sandbox, ["null"], script)).toBe(
        "nbd info: nbd+vsock://1:1/: connect: Connection refused\n1\n",
      );
    });
  },
);
