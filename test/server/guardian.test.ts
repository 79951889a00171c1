import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { statFields } from "../../src/processes/stat-fields.ts";
import { family, startReady } from "../helpers/captive-command.ts";
import { asOrdinaryUser, isPrivileged } from "../helpers/privileges.ts";
import { nbdkit, outcomeOf, shortStall } from "../helpers/run.ts";
import { ended, insist, printed, Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";

/** The server leads a process group, and has no terminal. */
const startInGroup = (sandbox: Sandbox, command: string, args?: readonly string[], env?: NodeJS.ProcessEnv) =>
  startReady(sandbox, command, args, { detached: true, ...(env && { env }) });

/** The name of a process; empty when the process has just ended. */
function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}

/** The guardians of a sandbox, the outer one first: only the outer one leads a session. */
function guardiansOf(sandbox: Sandbox): number[] {
  const found = sandbox.processes.filter((pid) => nameOf(pid) === "nbdkit-guardian");
  return found.sort((a, b) => Number(leadsSession(b)) - Number(leadsSession(a)));
}

function leadsSession(pid: number): boolean {
  return statFields(String(pid))?.[3] === String(pid);
}

const isLinux = process.platform === "linux";

describe.skipIf(!isLinux)("when the server is killed (SIGKILL)", () => {
  it("the command ends with all processes that it started, and the private socket is removed", async () => {
    await using sandbox = new Sandbox();
    const child = await startInGroup(sandbox, family);
    child.kill("SIGKILL");
    await sandbox.empty();
  });

  it("the command ends too when the whole process group of the server is killed", async () => {
    await using sandbox = new Sandbox();
    const child = await startInGroup(sandbox, family);
    process.kill(-child.pid!, "SIGKILL");
    await sandbox.empty();
  });

  it("the command may handle its SIGTERM", async () => {
    await using sandbox = new Sandbox();
    const child = await startInGroup(
      sandbox,
      `trap 'echo done >finished; exit' TERM; echo ready; while :; do sleep 0.1; done`,
    );
    child.kill("SIGKILL");
    await sandbox.empty();
    expect(sandbox.read("finished")).toBe("done\n");
  });

  it("a command that starts itself again and again is ended", async () => {
    await using sandbox = new Sandbox();
    // Each generation ends at once, so that none of them has a parent. 20000 is the limit if the guardian
    // misses them all.
    const again = `trap '' TERM; if [ "$1" -lt 20000 ]; then setsid sh again.sh $(($1 + 1)) & fi; echo ready`;
    sandbox.file("again.sh", again);
    const child = await startInGroup(sandbox, "sh again.sh 0; sleep 1000");
    child.kill("SIGKILL");
    await sandbox.empty();
  });

  it("the processes of a command that has ended by itself survive", async () => {
    await using sandbox = new Sandbox();
    const plugin = sandbox.file(
      "slow.mjs",
      `import { writeFileSync } from "node:fs";
      const wait = () => { writeFileSync("cleaning", "1\\n"); return new Promise((resolve) => setTimeout(resolve, 1e6)); };
      export default { name: "slow", open() {}, cleanup: wait };`,
    );
    const child = await startInGroup(sandbox, "sleep 1000 >&- 2>&- & echo $! >job; echo ready", [plugin]);
    const status = ended(child);
    await sandbox.number("cleaning");
    const job = await sandbox.number("job");
    child.kill("SIGKILL");
    expect(await status).toBe(137);
    await until("the end of the guardians", () => guardiansOf(sandbox).length === 0);
    expect(sandbox.processes).toEqual([job]);
    expect(sandbox.leftFiles).toEqual([]);
  });

  it.each([["-f"], [""]])("the private socket is removed also without a command (%s)", async (foreground) => {
    await using sandbox = new Sandbox();
    const where = foreground === "" ? [] : [foreground];
    sandbox.start(nbdkit, [...where, "-U", "-", "-P", "pid", "null"], { stdio: "ignore" });
    const pid = await sandbox.number("pid");
    expect(sandbox.leftFiles).toHaveLength(2);
    process.kill(pid, "SIGKILL");
    await sandbox.empty();
  });

  it("a directory that is not the private one stays, and every file that is no socket", async () => {
    await using sandbox = new Sandbox();
    const command = `dir=$(dirname "$unixsocket"); mv "$dir" "$dir.moved"; touch "$dir.moved/file"
      mkdir "$dir"; ln -s "$PWD/file" "$dir/socket"; echo ready; sleep 1000; true`;
    const child = await startInGroup(sandbox, command);
    child.kill("SIGKILL");
    await until("the end", () => sandbox.processes.length === 0);
    expect(sandbox.leftFiles).toEqual([
      expect.stringMatching(/^nbdkit\w+$/),
      expect.stringMatching(/^nbdkit\w+\.moved$/),
      expect.stringMatching(/^nbdkit\w+\.moved\/file$/),
      expect.stringMatching(/^nbdkit\w+\/socket$/),
    ]);
  });

  it("the command of a program ends too (run)", async () => {
    await using sandbox = new Sandbox();
    const program = `import { run } from ${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)};
      await run(${JSON.stringify(family.replace("echo ready", "echo 1 >ready"))}, { plugin: "null" });`;
    const child = sandbox.start(process.execPath, [sandbox.file("program.mjs", program)]);
    await sandbox.number("ready");
    child.kill("SIGKILL");
    await sandbox.empty();
  });
});

describe.skipIf(!isLinux)("the end of the server leaves no process and no file", () => {
  it("when a plugin keeps it too busy to handle signals", async () => {
    await using sandbox = new Sandbox();
    const plugin = sandbox.file(
      "busy.mjs",
      `import { existsSync, writeFileSync } from "node:fs";
      const work = () => { if (existsSync("go")) { writeFileSync("busy", "1\\n"); for (;;); } };
      export default { name: "busy", open() {}, afterFork: () => void setInterval(work, 10) };`,
    );
    const child = await startInGroup(sandbox, family, [plugin], shortStall);
    const status = ended(child);
    sandbox.file("go", "");
    await sandbox.number("busy");
    child.kill("SIGTERM");
    // The status of SIGALRM.
    expect(await status).toBe(142);
    await sandbox.empty();
  });

  it.each([
    ["SIGINT", 2],
    ["SIGQUIT", 3],
    ["SIGTERM", 15],
    ["SIGHUP", 1],
  ] as const)("when its process group gets %s, without a terminal, in 20 runs", async (signal, number) => {
    await using sandbox = new Sandbox();
    for (let round = 0; round < 20; round++) {
      const child = await startInGroup(sandbox, `ulimit -c 0; ${family}`);
      const status = ended(child);
      process.kill(-child.pid!, signal);
      // A shell that a signal hits between two commands also has the status of the signal.
      expect(await status).toBe(128 + number);
      // All processes of the command have ended by now; only guardians may need a moment more.
      const names = sandbox.processes.map(nameOf);
      expect(names.filter((name) => !["", "nbdkit-guardian"].includes(name))).toEqual([]);
      await sandbox.empty();
    }
  });

  it("when the command ends at once and its background jobs ignore the signal", async () => {
    await using sandbox = new Sandbox();
    const child = await startInGroup(
      sandbox,
      "(trap '' TERM INT; echo ready; while :; do sleep 0.1; done) & wait",
    );
    child.kill("SIGINT");
    await until("the end of the command", () => sandbox.processes.length <= 5);
    // The second signal kills.
    expect((await insist(child, "SIGINT")).status).toBe(130);
    await sandbox.empty();
  });
});

describe.skipIf(!isLinux || !isPrivileged)(`with -u${isPrivileged ? "" : " (skipped: needs root)"}`, () => {
  it("the command of --run, which still runs as root, ends with the parent of the server", async () => {
    await using sandbox = new Sandbox();
    const args = ["--exit-with-parent", "-u", "nobody", "-g", "nogroup", "null", "--run"];
    const script = `echo $$ >parent; "$nbdkit" "$@" & read line`;
    sandbox.start("/bin/sh", ["-c", script, "sh", ...args, family.replace("echo ready", "echo 1 >ready")], {
      stdio: "pipe",
    });
    await sandbox.number("ready");
    process.kill(await sandbox.number("parent"), "SIGKILL");
    await sandbox.empty();
  });

  it("the command ends when the server is killed", async () => {
    await using sandbox = new Sandbox();
    const child = await startInGroup(sandbox, family, ["-u", "nobody", "null"]);
    child.kill("SIGKILL");
    await sandbox.empty();
  });
});

describe.skipIf(!isLinux)("when a guardian is killed", () => {
  it.each([
    ["outer", [0]],
    ["inner", [1]],
  ] as const)(
    "the %s guardian: the command ends with all processes that it started, and the server prints the reason",
    async (_which, killed) => {
      await using sandbox = new Sandbox();
      const child = await startInGroup(sandbox, family);
      const outcome = outcomeOf(child);
      const guardians = guardiansOf(sandbox);
      expect(guardians).toHaveLength(2);
      for (const index of killed) process.kill(guardians[index]!, "SIGKILL");
      const { status, stderr } = await outcome;
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringMatching(
          /^nbdkit: error: the guardian of the command of --run was killed( by signal 9)?: the command was ended\n$/,
        ),
      });
      await sandbox.empty();
    },
  );

  it("both guardians: the command itself ends, and the server prints the reason", async () => {
    await using sandbox = new Sandbox();
    const child = await startInGroup(sandbox, "echo ready; exec sleep 1000");
    const outcome = outcomeOf(child);
    for (const pid of guardiansOf(sandbox)) process.kill(pid, "SIGKILL");
    expect((await outcome).status).toBe(1);
    await sandbox.empty();
  });

  it("a server without a command continues to serve, and removes its socket", async () => {
    await using sandbox = new Sandbox();
    const child = sandbox.start(nbdkit, ["-f", "-U", "-", "-P", "pid", "null"]);
    const outcome = outcomeOf(child);
    await sandbox.number("pid");
    const [guardian] = guardiansOf(sandbox);
    process.kill(guardian!, "SIGKILL");
    await until("the end of the guardian", () => guardiansOf(sandbox).length === 0);
    expect(child.exitCode).toBe(null);
    child.kill("SIGTERM");
    expect(await outcome).toEqual({ status: 0, stdout: "", stderr: "" });
    await sandbox.empty();
  });
});

describe.skipIf(!isLinux)("the guardian", () => {
  it("holds no stream open when the command has ended", async () => {
    await using sandbox = new Sandbox();
    const { stdout } = await sandbox.sh(`"$nbdkit" null --run 'echo inside' 2>&1 | cat; echo after`);
    expect(stdout).toBe("inside\nafter\n");
    await sandbox.empty();
  });

  it("leaves the processes running that a command started before it ended by itself", async () => {
    await using sandbox = new Sandbox();
    const { status } = await sandbox.nbdkit(["null", "--run", "sleep 1000 >&- 2>&- & echo $! >job; exit 4"]);
    expect(status).toBe(4);
    await until("the end of the guardians", () => guardiansOf(sandbox).length === 0);
    expect(sandbox.processes).toEqual([await sandbox.number("job")]);
    expect(sandbox.leftFiles).toEqual([]);
  });

  it("of a server in the background has released the terminal, the working directory and all descriptors", async () => {
    await using sandbox = new Sandbox();
    const outcome = await sandbox.sh(`"$nbdkit" -U - -P pid null 5</dev/null`);
    expect(outcome).toEqual({ status: 0, stdout: "", stderr: "" });
    const pid = await sandbox.number("pid");
    const [guardian] = guardiansOf(sandbox);
    expect(readlinkSync(`/proc/${guardian}/cwd`)).toBe("/");
    const files = readdirSync(`/proc/${guardian}/fd`).map((fd) => readlinkSync(`/proc/${guardian}/fd/${fd}`));
    expect(
      files.filter(
        (file) => !/^(\/dev\/null|pipe:\[\d+\])$/.test(file) && !file.startsWith(sandbox.temporary),
      ),
    ).toEqual([]);
    process.kill(pid, "SIGTERM");
    await sandbox.empty();
  });

  it("does not end a command that it may not signal, and the server ends", async ({ skip }) => {
    if (!isPrivileged) skip("only root can make a program that becomes root");
    await using sandbox = new Sandbox();
    await sandbox.sh(`chmod 777 . tmp; cp "$(command -v setpriv)" becomes-root; chmod 4755 becomes-root`);
    const [program, ...args] = [...asOrdinaryUser, nbdkit, "null", "--run"];
    const command = "echo $$ >command; exec ./becomes-root --reuid=0 --regid=0 --clear-groups sleep 1000";
    const child = sandbox.start(program!, [...args, command], { stdio: "ignore" });
    const status = ended(child);
    const pid = await sandbox.number("command");
    await until("root", () => /^Uid:\s0\s/m.test(readFileSync(`/proc/${pid}/status`, "utf8")));
    child.kill("SIGTERM");
    expect(await status).toBe(143);
    await until("the end of the guardians", () => guardiansOf(sandbox).length === 0);
    expect(sandbox.processes).toEqual([pid]);
  });
});

describeWith(["unshare"], "where /proc is hidden", () => {
  it("ends the command with all processes that it started when the server is killed", async ({ skip }) => {
    await using sandbox = new Sandbox();
    const hidden = 'mount -t tmpfs none /proc && exec "$@"';
    const possible = await sandbox.sh(`unshare -m sh -c '${hidden}' sh true`);
    if (possible.status !== 0) skip(`unshare and mount are not permitted: ${possible.stderr}`);
    const args = ["-m", "sh", "-c", hidden, "sh", nbdkit, "null", "--run", family];
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      const child = sandbox.start("unshare", args);
      await printed(child, "ready");
      child.kill(signal);
      await sandbox.empty();
    }
  });
});
