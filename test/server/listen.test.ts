import { createServer, type Server } from "node:net";
import { describe, expect, it } from "vitest";
import { Sandbox } from "../helpers/sandbox.ts";

/** The addresses that the server accepts: the first bytes of NBD on each, or "refused". */
const probe = `python3 -c '
import socket, sys
for host in sys.argv[2:]:
    try:
        with socket.create_connection((host, int(sys.argv[1])), 5) as s: print(host, s.recv(8).decode())
    except OSError: print(host, "refused")
' "$port" 127.0.0.1 ::1`;

async function takePort(host: string): Promise<Server & AsyncDisposable> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return Object.assign(server, {
    [Symbol.asyncDispose]: () => new Promise<void>((done) => void server.close(() => done())),
  });
}

describe("listening on TCP", () => {
  it.each([
    [[], "127.0.0.1 NBDMAGIC\n::1 NBDMAGIC\n"],
    [["-4"], "127.0.0.1 NBDMAGIC\n::1 refused\n"],
    [["-6"], "127.0.0.1 refused\n::1 NBDMAGIC\n"],
    [["-i", "127.0.0.1"], "127.0.0.1 NBDMAGIC\n::1 refused\n"],
    [["-i", "::1"], "127.0.0.1 refused\n::1 NBDMAGIC\n"],
    [["-i", "0.0.0.0"], "127.0.0.1 NBDMAGIC\n::1 refused\n"],
    [["-i", "::"], "127.0.0.1 refused\n::1 NBDMAGIC\n"],
  ])("serves the addresses that %j names, on one port", async (options, expected) => {
    await using sandbox = new Sandbox();
    const { stdout } = await sandbox.nbdkit(["-p", "0", ...options, "null", "--run", probe]);
    expect(stdout).toBe(expected);
  });

  it("reports a port that is in use", async () => {
    await using sandbox = new Sandbox();
    await using taken = await takePort("127.0.0.1");
    const { port } = taken.address() as { port: number };
    const args = ["-f", "-i", "127.0.0.1", "-p", String(port), "null"];
    expect(await sandbox.nbdkit(args)).toEqual({
      status: 1,
      stdout: "",
      stderr: `nbdkit: error: cannot listen on 127.0.0.1 port ${port}: Address already in use\n`,
    });
  });

  it("refuses an empty address", async () => {
    await using sandbox = new Sandbox();
    expect(await sandbox.nbdkit(["-i", "", "-p", "0", "null", "--run", "true"])).toEqual({
      status: 1,
      stdout: "",
      stderr: "nbdkit: error: -i: the address is empty: omit it to use every address\n",
    });
  });

  it("reports an address that the machine does not have, and an unknown host name", async () => {
    await using sandbox = new Sandbox();
    const foreign = await sandbox.nbdkit(["-f", "-p", "0", "-i", "192.0.2.1", "null"]);
    expect(foreign.status).toBe(1);
    expect(foreign.stderr).toMatch(/^nbdkit: error: cannot listen on 192\.0\.2\.1 port 0: [^\n]*\n$/);
    const unknown = await sandbox.nbdkit(["-f", "-p", "0", "-i", "no-such-host.invalid", "null"]);
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toMatch(/^nbdkit: error: cannot listen on no-such-host\.invalid: [^\n]*\n$/);
  });
});

describe("--print-uri", () => {
  it("prints the URI alone, quoted, and in a command", async () => {
    await using sandbox = new Sandbox();
    const { stdout } = await sandbox.nbdkit([
      "--print-uri",
      "-i",
      "127.0.0.1",
      "-p",
      "0",
      "null",
      "--run",
      "true",
    ]);
    expect(stdout.replace(/:\d+/g, ":PORT")).toBe(
      [
        "nbd://127.0.0.1:PORT",
        "Shell-quoted URI: nbd://127.0.0.1:PORT",
        "Command to query the NBD endpoint:",
        "  nbdinfo nbd://127.0.0.1:PORT",
        "",
      ].join("\n"),
    );
  });

  it("puts double quotes around a URI with characters of the shell", async () => {
    await using sandbox = new Sandbox();
    const { stdout } = await sandbox.nbdkit([
      "--print-uri",
      "-U",
      "$s",
      "-e",
      "a b",
      "null",
      "--run",
      "true",
    ]);
    const uri = `nbd+unix:///a%20b?socket=${sandbox.folder.path}/%24s`;
    expect(stdout).toBe(
      `${uri}\nShell-quoted URI: "${uri}"\nCommand to query the NBD endpoint:\n  nbdinfo "${uri}"\n`,
    );
  });
});

describe("listening on a Unix socket", () => {
  it("refuses a path where a file exists, and leaves the file alone", async () => {
    await using sandbox = new Sandbox();
    sandbox.file("file", "precious");
    const { status, stderr } = await sandbox.nbdkit(["-f", "-U", "file", "null"]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `nbdkit: error: cannot listen on ${sandbox.folder.join("file")}: Address already in use\n`,
    });
    expect(sandbox.read("file")).toBe("precious");
  });

  it("refuses the socket of another server, which continues to serve", async () => {
    await using sandbox = new Sandbox();
    const inner = `"$nbdkit" -f -U "$unixsocket" null; echo $?; test -S "$unixsocket" && echo kept`;
    const { stdout } = await sandbox.nbdkit(["-U", "socket", "null", "--run", inner]);
    expect(stdout).toBe("1\nkept\n");
  });

  it.each([
    ["no/socket", "No such file or directory"],
    ["file/socket", "Not a directory"],
  ])("reports why %s cannot be bound", async (path, reason) => {
    await using sandbox = new Sandbox();
    sandbox.file("file", "");
    const { status, stderr } = await sandbox.nbdkit(["-f", "-U", path, "null"]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `nbdkit: error: cannot listen on ${sandbox.folder.join(path)}: ${reason}\n`,
    });
  });

  it("accepts paths up to the system's limit, and refuses a longer one", async () => {
    await using sandbox = new Sandbox();
    const longest = 107 - sandbox.folder.path.length - 1;
    const fits = await sandbox.nbdkit(["-U", "s".repeat(longest), "null", "--run", 'test -S "$unixsocket"']);
    expect(fits).toEqual({ status: 0, stdout: "", stderr: "" });
    const tooLong = await sandbox.nbdkit(["-U", "s".repeat(longest + 1), "null", "--run", "true"]);
    expect(tooLong.status).toBe(1);
    expect(tooLong.stderr).toMatch(/^nbdkit: error: -U: path too long: length 108 > max 107 bytes: /);
    expect((await sandbox.sh("ls")).stdout).toBe("tmp\n");
  });

  it("refuses an empty path", async () => {
    await using sandbox = new Sandbox();
    const { status, stderr } = await sandbox.nbdkit(["-f", "-U", "", "null"]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^nbdkit: error: -U: /) });
  });

  it("makes a private folder that only its owner can enter", async () => {
    await using sandbox = new Sandbox();
    const { stdout } = await sandbox.nbdkit(["null", "--run", 'ls -ld "$(dirname "$unixsocket")"']);
    expect(stdout).toMatch(/^drwx------/);
    await sandbox.empty();
  });

  it("reports a TMPDIR that is too long for a private socket, or does not exist", async () => {
    await using sandbox = new Sandbox("t".repeat(90));
    const long = await sandbox.nbdkit(["null", "--run", "true"]);
    expect(long.status).toBe(1);
    expect(long.stderr).toMatch(/^nbdkit: error: -U: path too long: /);
    await sandbox.empty();
    const env = { TMPDIR: sandbox.folder.join("nowhere") };
    const missing = await sandbox.nbdkit(["null", "--run", "true"], { env });
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/^nbdkit: error: [^\n]*nowhere[^\n]*\n$/);
  });
});
