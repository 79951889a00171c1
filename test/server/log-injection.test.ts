import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/client/connect.ts";
import { Folder } from "../helpers/folder.ts";
import { nbd, nbdkit, run } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { ServerProcess } from "../helpers/server-process.ts";

/** A name with a line break, terminal colours, a bell and a change of text direction. */
const hostile = "a\x1b[31m\r\nnbdkit: error: fake\x07\x9b\u202e\u2066\u200b\u2028\\ b\x7fü";
const shown =
  "a\\x1b[31m\\r\\nnbdkit: error: fake\\a\\xc2\\x9b\\xe2\\x80\\xae\\xe2\\x81\\xa6\\xe2\\x80\\x8b\\xe2\\x80\\xa8\\\\ b\\x7fü";

/** Printable characters and line ends only. */
function expectHarmless(text: string): void {
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069]/u);
  expect(text).not.toMatch(/^nbdkit: error: fake/m);
}

async function ask(server: ServerProcess): Promise<void> {
  const asked = connect(server.uri(), { exportName: hostile });
  await asked.then(
    (client) => client.close(),
    () => {},
  );
}

describe("an export name from a client", () => {
  it("is escaped in the log with -v", async () => {
    await using server = await ServerProcess.start(["-v", "memory", "1M"]);
    await ask(server);
    const { stderr } = await server.stop();
    expect(stderr).toContain(`client requested export '${shown}'`);
    expect(stderr).toContain(`memory: open readonly=0 exportname="${shown}" tls=0`);
    expectHarmless(stderr);
  });

  it("is escaped in errors, on stderr and in a file", async () => {
    using folder = new Folder();
    const log = folder.join("log");
    for (const options of [[], [`--log=${log}`]]) {
      await using server = await ServerProcess.start([...options, "file", `dir=${folder.path}`]);
      await ask(server);
      const { stderr } = await server.stop();
      const text = options.length === 0 ? stderr : readFileSync(log, "utf8");
      // A line break and the spaces around it become one space in errors.
      expect(text).toContain("nbdkit: file[1]: error: ");
      expect(text).toContain("a\\x1b[31m nbdkit: error: fake\\a\\xc2\\x9b");
      expectHarmless(text);
    }
  });

  it("is quoted for a shell in the log of --filter=log", async () => {
    using folder = new Folder();
    const log = folder.join("log");
    {
      await using server = await ServerProcess.start(["--filter=log", "memory", "1M", `logfile=${log}`]);
      await ask(server);
    }
    const text = readFileSync(log, "utf8");
    expectHarmless(text);
    const word = / Connect export=(\$'.*') tls=/.exec(text)?.[1];
    const { stdout } = await run("bash", ["--norc", "-c", `printf %s ${word}`]);
    expect(stdout).toBe(hostile);
  });

  it("is escaped when a plugin or its script repeats it", async () => {
    using folder = new Folder();
    const script = folder.file(
      "script",
      '#!/bin/sh\ncase $1 in open) echo "EIO bad $3" >&2; exit 1;; *) exit 2;; esac',
    );
    await run("chmod", ["+x", script]);
    await using server = await ServerProcess.start(["-v", "sh", script]);
    await ask(server);
    const { stderr } = await server.stop();
    expect(stderr).toContain("bad a\\x1b[31m");
    expectHarmless(stderr);
  });
});

describe("an argument of the user", () => {
  it.each([
    [["memory", "\x1b[2J"], "could not parse size string: \\x1b[2J"],
    [["file", "no\nsuch\u202e"], "no such\\xe2\\x80\\xae"],
    [["null", "a\x07=1"], "\\a"],
    [["./\x1b.mjs"], "cannot open plugin './\\x1b.mjs': no such file"],
    [["\x1b"], "cannot open plugin '\\x1b': no such plugin"],
    [["null", "@/\x1b"], "@/\\x1b: "],
    [["-U", "-", "-P", "/\x1b/pid", "null"], "/\\x1b/pid"],
    [["-U", "/\x1b/socket", "null"], "/\\x1b/socket"],
    [["--log=/\x1b/log", "null"], "/\\x1b/log"],
  ])("%j is escaped in the error", async (args, message) => {
    const { status, stderr } = await run(nbdkit, ["-f", ...args]);
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expectHarmless(stderr);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});

describe("a hostile server", () => {
  const plugin = (sandbox: Sandbox): string =>
    sandbox.file(
      "hostile.mjs",
      `const text = ${JSON.stringify(hostile)};
      export default {
        name: "hostile",
        listExports: () => [{ name: text, description: text }],
        open(state, { exportName }) {
          if (exportName === "refused") throw new Error(text);
          return { size: 512n, description: text, read: (into) => void into.fill(0),
            metaContexts: [{ name: "x-test:" + text, status: () => [{ length: 512n, state: 0n }] }] };
        },
      };`,
    );

  it.each([
    ["nbd info", '"$client" info --no-content "$uri"'],
    ["nbd info --list", '"$client" info --list "$uri"'],
    ["nbd info --json", '"$client" info --no-content --json "$uri"'],
    ["nbd info --list --json", '"$client" info --list --json "$uri"'],
    ["nbd info of what it refuses", '"$client" info "nbd+unix:///refused?socket=$unixsocket" || :'],
    ["nbd copy of what it refuses", '"$client" copy "nbd+unix:///refused?socket=$unixsocket" null: || :'],
  ])("sends no terminal commands through %s", async (name, command) => {
    await using sandbox = new Sandbox();
    const args = ["--log=null", plugin(sandbox), "--run", command];
    const { status, stdout, stderr } = await sandbox.nbdkit(args, { env: { client: nbd } });
    expect({ status, said: (stdout + stderr).length > 0 }).toEqual({ status: 0, said: true });
    expectHarmless((stdout + stderr).replaceAll("\t", ""));
    if (name.endsWith("--json")) expect(JSON.parse(stdout).exports[0].description).toBe(hostile);
    else expect(stdout + stderr).toMatch(/a(\\x1b| )\[31m/);
  });
});

describe("the password in a URI", () => {
  const uri = "nbd://user:secret@localhost:1/export";

  it.each([
    ["-v", ["-v", "nbd", uri]],
    ["an error", ["null", "1M", uri]],
    ["an unknown key", ["null", `url=${uri.replace("nbd", "https")}`]],
    ["a wrong URI", ["nbd", "nbds://user:secret@localhost:99999/"]],
    ["a wrong name", ["nbd", "nbds://user%ff:secret@localhost/"]],
    ["a server that is not there", ["-v", "nbd", "nbds://user:secret@localhost:1/", "shared=true"]],
  ])("is not printed by nbdkit: %s", async (_what, args) => {
    const { stdout, stderr } = await run(nbdkit, ["-U", "-", ...args, "--run", "true"]);
    expect(stderr).not.toBe("");
    expect(stdout + stderr).not.toContain("secret");
  });

  it.each([
    ["info", uri],
    ["info", "nbds://user:secret@localhost:1/"],
    ["info", "nbd://user:secret@localhost:99999/"],
    ["copy", uri, "null:"],
  ])("is not printed by nbd %s %s", async (...args) => {
    const { status, stdout, stderr } = await run(nbd, args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).not.toContain("secret");
  });

  it.skipIf(process.platform !== "linux")("is not in the title of the process", async () => {
    await using server = await ServerProcess.start(["nbd", uri]);
    const title = readFileSync(`/proc/${server.pid}/cmdline`, "latin1");
    expect(title).toContain("nbd nbd://user:***@localhost:1/export");
    expect(title).not.toContain("secret");
  });
});
