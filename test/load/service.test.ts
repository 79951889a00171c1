import type { ChildProcess } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/testing/random.ts";
import { isPrivileged } from "../helpers/privileges.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { ended, Sandbox } from "../helpers/sandbox.ts";
import { hasTool } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";

/**
 * `LOAD_SERVICE=500 npx vitest run --config test/vitest.config.ts test/load/service`; LOAD_SEED=N changes the
 * choices.
 */
const rounds = Number(process.env.LOAD_SERVICE ?? 20);
const seed = Number(process.env.LOAD_SEED ?? 1);

/** Options that change the life of the server process, but not the data that it serves. */
const extras: readonly (readonly string[])[] = [
  [],
  ["-v"],
  ["--log=null"],
  ["--log=syslog"],
  ["--name=soak"],
  ["-t", "1"],
  ["--filter=noextents"],
  ["--keepalive", "--timeout=5"],
  ...(isPrivileged ? [["-u", "nobody"], ["-g", "nogroup"], ["--swap"]] : []),
];

const disk = ["memory", "1M"];
const askSize = `nbdinfo --size 'nbd+unix://?socket=socket'`;

async function expectServed(sandbox: Sandbox): Promise<void> {
  const { stdout, stderr } = await sandbox.sh(askSize);
  expect(stdout, stderr).toBe("1048576\n");
}

/** The ways to end a server, and whether it can clean up then. */
const ends: readonly (readonly [signal: NodeJS.Signals, inOrder: boolean])[] = [
  ["SIGTERM", true],
  ["SIGINT", true],
  ["SIGQUIT", true],
  ["SIGHUP", true],
  ["SIGKILL", false],
];

type Mode = (sandbox: Sandbox, options: readonly string[], random: Random) => Promise<void>;

/** Each function starts a server on the path "socket", uses it, and ends it. */
const modes: Readonly<Record<string, Mode>> = {
  async foreground(sandbox, options, random) {
    const child = sandbox.start(nbdkit, [...options, "-f", "-U", "socket", "-P", "pid", ...disk]);
    const status = ended(child);
    await sandbox.number("pid");
    await expectServed(sandbox);
    const [signal, inOrder] = random.pick(ends);
    child.kill(signal);
    expect(await status).toBe(inOrder ? 0 : 137);
    expect(existsSync(sandbox.folder.join("socket"))).toBe(!inOrder);
  },
  async background(sandbox, options, random) {
    const { status, stderr } = await sandbox.nbdkit([...options, "-U", "socket", "-P", "pid", ...disk], {
      // With -v the server continues to write to stderr.
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(status, stderr).toBe(0);
    await expectServed(sandbox);
    process.kill(await sandbox.number("pid"), random.pick(ends)[0]);
  },
  async captive(sandbox, options) {
    const command = `nbdinfo --size "$uri" >size; exit 3`;
    const { status, stderr } = await sandbox.nbdkit([...options, ...disk, "--run", command]);
    expect(status, stderr).toBe(3);
    expect(sandbox.read("size")).toBe("1048576\n");
  },
  /** A server with its own address, in a directory that is removed with it. */
  async elsewhere(sandbox, options, random) {
    const address = random.pick([
      ["-U", "-"],
      ["-i", "127.0.0.1", "-p", "0"],
      ["--vsock", "-p", "0"],
    ]);
    const args = [...options, ...address, "-P", "pid", "--print-uri", "-f", ...disk];
    const child = sandbox.start(nbdkit, args);
    const outcome = outcomeOf(child);
    await sandbox.number("pid");
    child.kill(random.pick(ends.filter(([, inOrder]) => inOrder))[0]);
    const { status, stdout, stderr } = await outcome;
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^nbd(\+unix|\+vsock)?:\/\//);
  },
  async single(sandbox, options) {
    const { status, stderr } = await sandbox.nbdkit([...options, "-s", ...disk]);
    expect(status, stderr).toBe(0);
  },
  async activated(sandbox, options) {
    // The server binds the path by itself, and leaves the file.
    rmSync(sandbox.folder.join("socket"), { force: true });
    const args = ["-l", sandbox.folder.join("socket"), nbdkit, ...options, "-P", "pid", ...disk];
    const child = sandbox.start("systemd-socket-activate", args);
    const status = ended(child);
    await until("the socket", () => existsSync(sandbox.folder.join("socket")));
    await expectServed(sandbox);
    child.kill("SIGTERM");
    expect(await status).toBe(0);
  },
  async parental(sandbox, options) {
    const script = '"$nbdkit" --exit-with-parent "$@" & echo $$ >parent; read line';
    const args = [...options, "-U", "socket", "-P", "pid", ...disk];
    sandbox.start("/bin/sh", ["-c", script, "sh", ...args], { stdio: "pipe" });
    await sandbox.number("pid");
    await expectServed(sandbox);
    process.kill(await sandbox.number("parent"), "SIGKILL");
  },
  /** A server that is killed at any moment of its start. */
  async aborted(sandbox, options, random) {
    const where = random.oneIn(2) ? ["-f"] : [];
    const args = [...options, ...where, "-U", "socket", "-P", "pid", ...disk];
    // A server in the background may survive, and keep the file that -v writes to.
    const child: ChildProcess = sandbox.start(nbdkit, args, { stdio: "ignore" });
    const status = ended(child);
    await setTimeout(random.below(120));
    child.kill("SIGKILL");
    await status;
    // In the background it may have served just before.
    for (const pid of sandbox.processes) process.kill(pid, "SIGTERM");
  },
};

const usable = Object.entries(modes).filter(
  ([name]) => name !== "activated" || hasTool("systemd-socket-activate"),
);

const reason =
  process.platform === "linux" && hasTool("nbdinfo") ? "" : " (skipped: needs Linux and nbdinfo)";

describe.skipIf(reason !== "")(`${rounds} servers one after another${reason}`, () => {
  it("leave only a pidfile and, if they were killed, a socket that does not keep the next server from starting", async () => {
    await using sandbox = new Sandbox();
    chmodSync(sandbox.folder.path, 0o777);
    chmodSync(sandbox.temporary, 0o777);
    const random = new Random(seed);
    for (let round = 0; round < rounds; round++) {
      const [name, mode] = random.pick(usable);
      const options = random.pick(extras);
      await mode(sandbox, options, random).catch((error) => {
        throw new Error(`round ${round}: ${name} ${options.join(" ")}: ${error.message}`, { cause: error });
      });
      await sandbox.empty();
      const left = readdirSync(sandbox.folder.path).filter(
        (file) => !["pid", "socket", "parent", "size", "tmp"].includes(file),
      );
      expect(left).toEqual([]);
      for (const file of ["pid", "parent", "size"]) rmSync(sandbox.folder.join(file), { force: true });
    }
  }, 600_000);
});
