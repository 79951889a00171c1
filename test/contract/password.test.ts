import { type ChildProcess, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readPassword } from "../../src/contract/password.ts";
import { Folder } from "../helpers/folder.ts";
import { printed, Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";

const secret = "pass word'$ é";

/**
 * A plugin that writes its password to a file of the sandbox. The test decides where the output of the server
 * goes.
 */
const plugin = `
import { password } from "PACKAGE";
import { writeFileSync } from "node:fs";
export default {
  name: "secretive",
  parameters: { password: password({ help: "Secret" }) },
  configComplete: (values) => writeFileSync("got", values.password),
  open: () => ({ size: 0n, read() {} }),
};`;

function writePlugin(sandbox: Sandbox): string {
  return sandbox.file(
    "secretive.mjs",
    plugin.replace("PACKAGE", new URL("../../dist/plugin.js", import.meta.url).pathname),
  );
}

describe("a password", () => {
  it("is the value itself when the value has no prefix", () => {
    for (const word of [secret, "", "--", "-x", "-1x", "a+b"])
      expect(readPassword("password", word)).toBe(word);
  });

  it("is the first line of the file after +", () => {
    using folder = new Folder();
    for (const content of [secret, `${secret}\n`, `${secret}\nsecond\n`]) {
      const path = folder.join("secret");
      execFileSync("/bin/sh", ["-c", 'printf %s "$1" >"$2"', "sh", content, path]);
      expect(readPassword("password", `+${path}`)).toBe(secret);
    }
  });

  it.each(["-0", "-1", "-2"])("cannot be read from the descriptor of %s", (value) => {
    expect(() => readPassword("password", value)).toThrow("0, 1 and 2 are stdin, stdout and stderr");
  });

  it("names a file that cannot be read, and nothing more", () => {
    expect(() => readPassword("password", "+/no/such/file")).toThrow("/no/such/file");
  });

  it.each([3, 7, 9])("is the first line from descriptor %i, in the foreground", async (fd) => {
    await using sandbox = new Sandbox();
    const path = writePlugin(sandbox);
    const outcome = await sandbox.sh(
      `printf '%s\\nmore' "$secret" | "$nbdkit" "$plugin" password=-${fd} --run 'cat got' ${fd}<&0 0</dev/null`,
      {
        env: { plugin: path, secret },
      },
    );
    expect(outcome).toEqual({ status: 0, stdout: secret, stderr: "" });
  });

  it("is the first line from a descriptor when the server runs in the background", async () => {
    await using sandbox = new Sandbox();
    const path = writePlugin(sandbox);
    const outcome = await sandbox.sh(
      `printf '%s\\n' "$secret" >secret; "$nbdkit" -P pid -U socket "$plugin" password=-3 3<secret; cat got`,
      {
        env: { plugin: path, secret },
      },
    );
    expect(outcome).toEqual({ status: 0, stdout: secret, stderr: "" });
    process.kill(await sandbox.number("pid"), "SIGTERM");
    await sandbox.empty();
  });

  it("cannot be read from a descriptor that is not open", async () => {
    await using sandbox = new Sandbox();
    const { status, stderr } = await sandbox.nbdkit([writePlugin(sandbox), "password=-77", "--run", "true"]);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^nbdkit: error: [^\n]*password[^\n]*\n$/),
    });
  });

  it("is an error when there is no terminal to ask on", async () => {
    await using sandbox = new Sandbox();
    const args = [writePlugin(sandbox), "password=-", "--run", "true"];
    // A session of its own has no terminal.
    expect(await sandbox.nbdkit(args, { detached: true })).toEqual({
      status: 1,
      stdout: "",
      stderr:
        "nbdkit: error: password=-: no terminal to ask on: use password=+FILE or password=-FD to pass it by file\n",
    });
  });

  it.each(["-3", "+/dev/fd/3"])("is the first line of a pipe that stays open, with %s", async (value) => {
    await using sandbox = new Sandbox();
    const script = `mkfifo fifo; exec 3<>fifo; printf '%s\\n' "$secret" >&3; exec "$nbdkit" "$plugin" password=${value} --run 'cat got'`;
    const outcome = await sandbox.sh(script, { env: { plugin: writePlugin(sandbox), secret } });
    expect(outcome).toEqual({ status: 0, stdout: secret, stderr: "" });
  });

  it("never appears in an error", async () => {
    await using sandbox = new Sandbox();
    for (const given of [`pasword=${secret}`, `password=${secret}`]) {
      const args = [writePlugin(sandbox), given, "-v", "-U", "no/folder", "-f"];
      const { stdout, stderr } = await sandbox.nbdkit(args);
      expect(stdout + stderr).not.toContain(secret);
    }
  });
});

describeWith(["script"], "a password on the terminal", () => {
  it.each([
    ["typed", "hunter2\r", "hunter2"],
    ["corrected", "hunx\x7fter3\x7f2\r", "hunter2"],
    ["with letters beyond ASCII", "é€\r", "é€"],
    ["corrected by a letter beyond ASCII", "a€\x7fb\r", "ab"],
    ["cleared", "wrong\x15right\r", "right"],
  ])("is read when it is %s, without being shown", async (_how, typed, expected) => {
    await using sandbox = new Sandbox();
    const child = startOnTerminal(sandbox, '"$nbdkit" "$plugin" password=- --run "stty -a >modes"');
    let shown = "";
    child.stdout!.on("data", (chunk) => {
      shown += chunk;
    });
    await printed(child, "password");
    const closed = new Promise((resolve) => child.once("close", resolve));
    child.stdin!.write(typed);
    expect(await closed).toBe(0);
    expect(sandbox.read("got")).toBe(expected);
    expect(shown.replaceAll("\r\n", "\n")).toBe("password for password: \n");
    expect(sandbox.read("modes")).toMatch(/ icanon .*| echo /);
  });

  it.each([
    ["stdin is not a terminal", '"$nbdkit" "$plugin" password=- --run true </dev/null'],
    ["the server goes to the background", '"$nbdkit" -U socket -P pid "$plugin" password=-; kill $(cat pid)'],
    [
      "the server goes to the background and stdin is not a terminal",
      '"$nbdkit" -U socket -P pid "$plugin" password=- </dev/null; kill $(cat pid)',
    ],
  ])("is read when %s", async (_when, script) => {
    await using sandbox = new Sandbox();
    const child = startOnTerminal(sandbox, script);
    await printed(child, "password");
    const closed = new Promise((resolve) => child.once("close", resolve));
    child.stdin!.write("hunter2\r");
    expect(await closed).toBe(0);
    expect(sandbox.read("got")).toBe("hunter2");
    await sandbox.empty();
  });

  it.each([
    ["presses Ctrl-C", "half\x03", 130],
    ["presses Ctrl-\\", "half\x1c", 131],
    ["ends the input with Ctrl-D", "\x04", 1],
  ])("ends the server and restores the terminal when the user %s", async (_how, typed, status) => {
    await using sandbox = new Sandbox();
    const script = `trap : INT QUIT; stty -a >before; "$nbdkit" "$plugin" password=- --run true; echo $? >status; stty -a >after`;
    const child = startOnTerminal(sandbox, script);
    await printed(child, "password");
    const closed = new Promise((resolve) => child.once("close", resolve));
    child.stdin!.write(typed);
    await closed;
    expect(sandbox.read("status")).toBe(`${status}\n`);
    expect(sandbox.read("after")).toBe(sandbox.read("before"));
    expect(existsSync(sandbox.folder.join("got"))).toBe(false);
    await sandbox.empty();
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("restores the terminal when %s ends the server", async (signal, status) => {
    await using sandbox = new Sandbox();
    const script = `stty -a >before; sh -c 'echo $$ >pid; exec "$nbdkit" "$plugin" password=- --run true'; echo $? >status; stty -a >after`;
    const child = startOnTerminal(sandbox, script);
    await printed(child, "password");
    const closed = new Promise((resolve) => child.once("close", resolve));
    process.kill(await sandbox.number("pid"), signal);
    await closed;
    expect(sandbox.read("status")).toBe(`${status}\n`);
    expect(sandbox.read("after")).toBe(sandbox.read("before"));
    await sandbox.empty();
  });

  it("is asked for again when the server continues after Ctrl-Z", async () => {
    await using sandbox = new Sandbox();
    const script = `set -m; "$nbdkit" "$plugin" password=- --run true; stty -a >stopped; echo again; fg >/dev/null`;
    const child = startOnTerminal(sandbox, script);
    await printed(child, "password");
    const again = printed(child, "again\r\npassword");
    child.stdin!.write("half\x1a");
    await again;
    expect(sandbox.read("stopped")).toMatch(/ echo /);
    const closed = new Promise((resolve) => child.once("close", resolve));
    child.stdin!.write("hunter2\r");
    expect(await closed).toBe(0);
    expect(sandbox.read("got")).toBe("hunter2");
    await sandbox.empty();
  });
});

/** Runs a script on a terminal of its own. */
function startOnTerminal(sandbox: Sandbox, script: string): ChildProcess {
  const env = { plugin: writePlugin(sandbox) };
  return sandbox.start("script", ["-qec", script, "/dev/null"], { stdio: "pipe", env });
}
