import { once } from "node:events";
import { chmodSync, existsSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { asOrdinaryUser, identitiesOf, isPrivileged } from "../helpers/privileges.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { ended, Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";

/** A folder that every user may write to, with the place of a private socket. */
function openScene(): Sandbox {
  const sandbox = new Sandbox();
  chmodSync(sandbox.folder.path, 0o777);
  chmodSync(sandbox.temporary, 0o1777);
  return sandbox;
}

const nothingMore = "CapPrm: 0000000000000000; CapEff: 0000000000000000";
const reason = isPrivileged ? "" : " (skipped: only root can change to another user)";

describe.skipIf(reason !== "")(`-u and -g${reason}`, () => {
  it.each([
    ["names", "nobody", "nogroup"],
    ["numbers", "65534", "65534"],
    ["hexadecimal numbers", "0xfffe", "0xfffe"],
  ])("by %s change all ids of all threads permanently", async (_what, user, group) => {
    await using sandbox = openScene();
    const child = sandbox.start(nbdkit, [
      "-f",
      "-U",
      "-",
      "-u",
      user,
      "-g",
      group,
      "-P",
      "pid",
      "memory",
      "1M",
    ]);
    const pid = await sandbox.number("pid");
    const ids = "65534 65534 65534 65534";
    expect(identitiesOf(pid)).toEqual([`Uid: ${ids}; Gid: ${ids}; Groups: 65534; ${nothingMore}`]);
    expect(statSync(sandbox.folder.join("pid")).uid).toBe(65534);
    child.kill("SIGTERM");
    expect(await ended(child)).toBe(0);
    await sandbox.empty();
  });

  it("-u alone keeps the group, but drops the supplementary groups", async () => {
    await using sandbox = openScene();
    const script = 'exec setpriv --groups=0,4,6 "$nbdkit" -f -U - -u nobody -P pid null';
    sandbox.start("/bin/sh", ["-c", script]);
    const [identity] = identitiesOf(await sandbox.number("pid"));
    expect(identity).toBe(`Uid: 65534 65534 65534 65534; Gid: 0 0 0 0; Groups:; ${nothingMore}`);
  });

  it("-g alone keeps the user", async () => {
    await using sandbox = openScene();
    sandbox.start(nbdkit, ["-f", "-U", "-", "-g", "daemon", "-P", "pid", "null"]);
    const [identity] = identitiesOf(await sandbox.number("pid"));
    expect(identity).toMatch(/^Uid: 0 0 0 0; Gid: 1 1 1 1; Groups: 1;/);
  });

  it("open the files of the plugin as the new user", async () => {
    await using sandbox = openScene();
    sandbox.file("disk", "x".repeat(512));
    chmodSync(sandbox.folder.join("disk"), 0o600);
    const command = 'nbdinfo --size "$uri" 2>&1 || echo refused';
    const { stdout } = await sandbox.nbdkit(["-u", "nobody", "file", "disk", "--run", command]);
    expect(stdout).toContain("refused");
  });

  it("do not change the user of the command of --run, and clean up after it", async () => {
    await using sandbox = openScene();
    const command = 'id -u; nbdinfo --size "$uri"; exit 3';
    const outcome = await sandbox.nbdkit(["-u", "nobody", "-g", "nogroup", "null", "7", "--run", command]);
    expect(outcome).toEqual({ status: 3, stdout: "0\n7\n", stderr: "" });
    await sandbox.empty();
  });

  it("forward a signal to the command, which still runs as root", async () => {
    await using sandbox = openScene();
    const command = `trap 'echo asked; exit 9' TERM; echo $$ >command; while :; do sleep 0.1; done`;
    const child = sandbox.start(nbdkit, ["-u", "nobody", "null", "--run", command]);
    const outcome = outcomeOf(child);
    await sandbox.number("command");
    child.kill("SIGTERM");
    // Shells print on stderr which of their programs a signal has ended.
    expect(await outcome).toMatchObject({ status: 9, stdout: "asked\n" });
    await sandbox.empty();
  });

  it("still end the server with its parent", async () => {
    await using sandbox = openScene();
    const script =
      '"$nbdkit" --exit-with-parent -U - -u nobody -g nogroup -P pid null & echo $$ >parent; read line';
    sandbox.start("/bin/sh", ["-c", script], { stdio: "pipe" });
    await sandbox.number("pid");
    process.kill(await sandbox.number("parent"), "SIGKILL");
    await sandbox.empty();
  });

  it("work in the background", async () => {
    await using sandbox = openScene();
    const outcome = await sandbox.nbdkit([
      "-U",
      "socket",
      "-u",
      "nobody",
      "-g",
      "nogroup",
      "-P",
      "pid",
      "null",
    ]);
    expect(outcome).toEqual({ status: 0, stdout: "", stderr: "" });
    const pid = await sandbox.number("pid");
    expect(identitiesOf(pid)[0]).toContain("Uid: 65534 65534 65534 65534");
    process.kill(pid, "SIGTERM");
    await sandbox.empty();
  });

  it("leave a socket that the new user may not remove, which does not keep the next server from starting", async () => {
    await using sandbox = new Sandbox();
    chmodSync(sandbox.folder.path, 0o755);
    for (let round = 0; round < 2; round++) {
      const args = ["-f", "-U", "socket", "-u", "nobody", "null"];
      const child = sandbox.start(nbdkit, args, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
      const outcome = outcomeOf(child);
      await once(child, "message");
      child.kill("SIGTERM");
      expect(await outcome).toEqual({ status: 0, stdout: "", stderr: "" });
      expect(existsSync(sandbox.folder.join("socket"))).toBe(true);
    }
  });

  it("work with --swap, which stays locked for the new user where that is allowed", async () => {
    await using sandbox = openScene();
    const { status: allowed } = await sandbox.sh("ulimit -l unlimited");
    const command = `head -c 16M /dev/urandom >data && nbdcopy data "$uri" && nbdcopy "$uri" - | cmp - data &&
      nbdinfo "$uri" >/dev/null && grep VmLck "/proc/$(cat pid)/status"`;
    const args = ["-P", "pid", "--swap", "-u", "nobody", "-g", "nogroup", "memory", "16M", "--run", command];
    const { status, stdout, stderr } = await sandbox.nbdkit(args);
    if (allowed !== 0) {
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(/^nbdkit: error: --swap: setrlimit: Operation not permitted: .*\n$/);
      return;
    }
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(Number(/(\d+) kB/.exec(stdout)![1])).toBeGreaterThan(100_000);
  });
});

describe("-u and -g with unknown names", () => {
  it.each([
    ["-u", "no-such-user", "user name or uid"],
    ["-u", "-1", "user name or uid"],
    ["-u", "4294967295", "user name or uid"],
    ["-u", "", "user name or uid"],
    ["-g", "no such group", "group name or gid"],
  ])("%s %s: print one line and exit with status 1, and run nothing", async (option, name, words) => {
    await using sandbox = new Sandbox();
    const outcome = await sandbox.nbdkit([option, name, "null", "--run", "echo started"]);
    expect(outcome).toEqual({
      status: 1,
      stdout: "",
      stderr: expect.stringMatching(
        new RegExp(`^nbdkit: error: ${option} option: .* not a valid ${words}.*\\n$`),
      ),
    });
    await sandbox.empty();
  });
});

describeWith(["setpriv"], "as a user who may do little", () => {
  it.each([
    [["-u", "root"], "setuid: Operation not permitted"],
    [["-g", "root"], "setgid: Operation not permitted"],
    [["--swap"], "--swap: mlockall: Cannot allocate memory"],
  ])("%s is refused with one line", async (options, words) => {
    await using sandbox = openScene();
    const script = 'ulimit -l 64; exec "$@"';
    const args = ["-c", script, "sh", ...asOrdinaryUser, nbdkit, ...options, "null", "--run", "sleep 0"];
    const { status, stdout, stderr } = await outcomeOf(
      sandbox.start("/bin/sh", args, { env: { HOME: "/" } }),
    );
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^nbdkit: error: [^\n]*\n$/);
    expect(stderr).toContain(words);
    await sandbox.empty();
  });

  it("-u with the current user changes nothing", async () => {
    await using sandbox = openScene();
    const script = 'exec "$nbdkit" -u "$(id -u)" null --run "id -u"';
    const [program, ...args] = [...asOrdinaryUser, "/bin/sh", "-c", script];
    const { status, stdout, stderr } = await outcomeOf(sandbox.start(program!, args));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe(isPrivileged ? "65534\n" : `${process.getuid!()}\n`);
    await sandbox.empty();
  });
});
