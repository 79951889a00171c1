import { describe, expect, it } from "vitest";
import { startReady } from "../helpers/captive-command.ts";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { ended, insist, printed, Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";

/** The command can wait for its stdin. */
const startWithStdin = (sandbox: Sandbox, command: string) =>
  startReady(sandbox, command, ["null"], { stdio: "pipe" });

describe("a signal that ends nbdkit", () => {
  it.each([
    ["SIGTERM", 15],
    ["SIGINT", 2],
    ["SIGHUP", 1],
    ["SIGQUIT", 3],
  ] as const)("ends the command and its descendants too (%s)", async (signal, number) => {
    await using sandbox = new Sandbox();
    // The innermost process prints "ready": a shell that is about to start a program loses a SIGINT (dash
    // does).
    const child = await startWithStdin(
      sandbox,
      "ulimit -c 0; (sh -c 'echo ready; exec sleep 1000'; true); true",
    );
    child.kill(signal);
    expect(await ended(child)).toBe(128 + number);
    await sandbox.empty();
  });

  it("lets the command choose its end and its status", async () => {
    await using sandbox = new Sandbox();
    const child = await startWithStdin(sandbox, `trap 'echo asked; exit 9' TERM; echo ready; read line`);
    const outcome = outcomeOf(child);
    child.kill("SIGTERM");
    expect((await outcome).status).toBe(9);
    await sandbox.empty();
  });

  it("kills a command that ignored the first signal, but only when it is repeated", async () => {
    await using sandbox = new Sandbox();
    const child = await startWithStdin(
      sandbox,
      `trap 'echo asked' TERM; echo ready; while :; do read line; done`,
    );
    const asked = printed(child, "asked");
    child.kill("SIGTERM");
    await asked;
    expect(child.exitCode).toBe(null);
    expect((await insist(child, "SIGTERM")).status).toBe(137);
    await sandbox.empty();
  });

  it("counts once when it comes twice within a second, as when a process group is ended", async () => {
    await using sandbox = new Sandbox();
    const child = await startWithStdin(
      sandbox,
      `trap 'n=x$n; echo asked' TERM; echo ready; until [ "$n" ]; do read line; done; sleep 0.3; exit 8`,
    );
    const status = ended(child);
    for (let times = 0; times < 5; times++) child.kill("SIGTERM");
    expect(await status).toBe(8);
    await sandbox.empty();
  });

  it("is handled while a plugin delays the start, and the command is not run then", async () => {
    await using sandbox = new Sandbox();
    const waiting = `process.stdout.write("ready"); return new Promise((resolve) => setTimeout(resolve, 1e6))`;
    for (const step of ["configComplete", "getReady", "afterFork"]) {
      const plugin = sandbox.file(
        "slow.mjs",
        `export default { name: "slow", open() {}, ${step}() { ${waiting} } }`,
      );
      const child = sandbox.start(nbdkit, [plugin, "--run", "echo started >started"]);
      await printed(child, "ready");
      child.kill("SIGTERM");
      expect(await ended(child), step).toBe(143);
      await sandbox.empty();
    }
    expect(sandbox.read("started")).toBe(undefined);
  });

  it("ends nbdkit although a plugin never ends, when it is repeated", async () => {
    await using sandbox = new Sandbox();
    for (const step of ["cleanup", "unload"]) {
      const never = `process.stdout.write("stuck"); return new Promise((resolve) => setTimeout(resolve, 1e6))`;
      const plugin = sandbox.file(
        "stuck.mjs",
        `export default { name: "stuck", open() {}, ${step}() { ${never} } }`,
      );
      const child = sandbox.start(nbdkit, [plugin, "--run", "true"]);
      await printed(child, "stuck");
      expect((await insist(child, "SIGTERM")).status, step).toBe(143);
      await sandbox.empty();
    }
  });
});

describeWith(["nbdinfo"], "the server", () => {
  it("lets the server serve until the command has ended", async () => {
    await using sandbox = new Sandbox();
    const command = `trap 'nbdinfo --size "$uri"; exit 3' TERM; echo ready; read line`;
    const child = sandbox.start(nbdkit, ["null", "12345", "--run", command], { stdio: "pipe" });
    const outcome = outcomeOf(child);
    await printed(child, "ready");
    child.kill("SIGTERM");
    const { status, stdout } = await outcome;
    expect({ status, stdout }).toEqual({ status: 3, stdout: "ready\n12345\n" });
    await sandbox.empty();
  });

  it("can be handled by the command at once", async () => {
    await using sandbox = new Sandbox();
    const { stdout } = await sandbox.nbdkit(["null", "54321", "--run", 'exec nbdinfo --size "$uri"']);
    expect(stdout).toBe("54321\n");
    await sandbox.empty();
  });
});
