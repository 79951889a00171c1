import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import { describeWith } from "../helpers/tools.ts";
import { until } from "../helpers/until.ts";

/** The arguments of every server, which runs in the background without -f. */
const server = "-U socket -P pid memory 1M";

/** Expects that the script starts a server, which serves, and leaves no file when it ends. */
async function expectService(sandbox: Sandbox, script: string): Promise<void> {
  const started = await sandbox.sh(script);
  expect(started).toEqual({ status: 0, stdout: "", stderr: "" });
  await expectServed(sandbox);
}

async function expectServed(sandbox: Sandbox): Promise<void> {
  const pid = await sandbox.number("pid");
  expect((await sandbox.sh(`nbdinfo --size 'nbd+unix://?socket=socket'`)).stdout).toBe("1048576\n");
  process.kill(pid, "SIGTERM");
  await until(
    "the end",
    () => !sandbox.processes.includes(pid) && !existsSync(sandbox.folder.join("socket")),
  );
}

describe("a server in the background, started", () => {
  it("from a link to the command", async () => {
    await using sandbox = new Sandbox();
    await expectService(sandbox, `ln -s "$nbdkit" server; ./server ${server}`);
  });

  it("without an environment", async () => {
    await using sandbox = new Sandbox();
    // Node itself must be found in the default PATH of a shell.
    await expectService(
      sandbox,
      `env -i PATH="${dirname(process.execPath)}:/usr/bin:/bin" "$nbdkit" ${server}`,
    );
  });

  it.each(["<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"])("with streams closed: %s", async (closed) => {
    await using sandbox = new Sandbox();
    await expectService(sandbox, `"$nbdkit" ${server} ${closed}`);
  });

  it("with streams whose readers have ended", async () => {
    await using sandbox = new Sandbox();
    await expectService(
      sandbox,
      `{ "$nbdkit" ${server}; echo $? >status; } 2>&1 | true; until test -s status; do :; done`,
    );
    expect(sandbox.read("status")).toBe("0\n");
  });

  it("from a folder that is removed after the start", async () => {
    await using sandbox = new Sandbox();
    const script = `mkdir gone; here=$PWD; cd gone; "$nbdkit" -U "$here/socket" -P "$here/pid" memory 1M; rmdir ../gone`;
    await expectService(sandbox, script);
  });

  it("by a login shell of another user, as sudo does", async ({ skip }) => {
    if (process.getuid?.() !== 0) skip("only root can change to another user");
    await using sandbox = new Sandbox();
    await sandbox.sh("chmod 777 . tmp");
    await expectService(
      sandbox,
      `setpriv --reuid=65534 --regid=65534 --clear-groups --reset-env \
      env PATH="${dirname(process.execPath)}:/usr/bin:/bin" "$nbdkit" -U "$PWD/socket" -P "$PWD/pid" memory 1M`,
    );
  });
});

describeWith(["npx"], "npx", () => {
  it("starts a server in the background too", async () => {
    await using sandbox = new Sandbox();
    mkdirSync(sandbox.folder.join("node_modules/.bin"), { recursive: true });
    symlinkSync(packageRoot(), sandbox.folder.join("node_modules/nbdkit-node"));
    symlinkSync("../nbdkit-node/bin/nbdkit", sandbox.folder.join("node_modules/.bin/nbdkit"));
    sandbox.file("package.json", "{}");
    const { status, stdout } = await sandbox.sh(`npx --no-install nbdkit ${server} 2>/dev/null`);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    await expectServed(sandbox);
  });
});

describe.skipIf(process.platform !== "linux")("a server in the background", () => {
  it("closes the streams of the process that started it, and keeps only inherited descriptors", async () => {
    await using sandbox = new Sandbox();
    sandbox.file("given", "x");
    await sandbox.sh(`"$nbdkit" ${server} 7<given 2>/dev/null`);
    const pid = await sandbox.number("pid");
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    const files = open.filter((target) => target.startsWith(sandbox.folder.path));
    expect(files).toEqual([sandbox.folder.join("given")]);
    expect(open.filter((target) => target.startsWith("/dev/pts") || target.startsWith("/dev/tty"))).toEqual(
      [],
    );
    process.kill(pid, "SIGTERM");
    await sandbox.empty();
  });

  it("ends when the process that started it was killed before it served", async () => {
    await using sandbox = new Sandbox();
    const plugin = sandbox.file(
      "slow.mjs",
      `import { existsSync, writeFileSync } from "node:fs";
      export default { name: "slow", open() {}, getReady: async () => {
        writeFileSync("waiting", "1\\n");
        while (!existsSync("go")) await new Promise((resolve) => setTimeout(resolve, 10));
      } };`,
    );
    const child = sandbox.start("/bin/sh", ["-c", 'exec "$nbdkit" -U socket -P pid "$0"', plugin]);
    await sandbox.number("waiting");
    child.kill("SIGKILL");
    sandbox.file("go", "");
    await sandbox.empty();
    expect(existsSync(sandbox.folder.join("socket"))).toBe(false);
  });
});
