import { describe, expect, it } from "vitest";
import { nbd, type Outcome, outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";

describe("the environment of --run", () => {
  it.each([[[]], [["--exit-with-parent"]]])("is the environment of nbdkit (%j)", async (options) => {
    await using sandbox = new Sandbox();
    const list = "env | grep -v -E '^(_|PWD|OLDPWD|SHLVL)=' | sort";
    const words = ["self", "root", "link", "guess", "script", "launcher", "system", "node", "path", "args"];
    const env = {
      NODE_EXTRA_CA_CERTS: "/no/such/file.pem",
      ODD: "a=b\nc",
      ...Object.fromEntries(words.map((word) => [word, "ours"])),
    };
    const given = await sandbox.sh(list, { env });
    const passed = await sandbox.nbdkit([...options, "null", "--run", list], { env });
    expect(passed).toEqual(given);
  });

  it("has no NODE_EXTRA_CA_CERTS when nbdkit has none, and an empty one when that of nbdkit is empty", async () => {
    await using sandbox = new Sandbox();
    const show = ["null", "--run", "env | grep ^NODE_EXTRA_CA_CERTS= || echo unset"];
    expect((await sandbox.nbdkit(show)).stdout).toBe("unset\n");
    const env = { NODE_EXTRA_CA_CERTS: "" };
    expect((await sandbox.nbdkit(show, { env })).stdout).toBe("NODE_EXTRA_CA_CERTS=\n");
  });

  it("does not contain the launcher's record", async () => {
    await using sandbox = new Sandbox();
    const env = { NBDKIT_LAUNCHED: "1:1:1:", NBDKIT_NODE_READY_FD: undefined };
    const script = "env | grep -i -E '^NBDKIT_(LAUNCHED|NODE_[RE])' | wc -l";
    const { stdout } = await sandbox.nbdkit(["null", "--run", script], { env });
    expect(stdout.trim()).toBe("0");
  });
});

/**
 * Runs nbdkit with a stream whose reader ends before nbdkit starts. A test that closes its end of the stream after
 * the start may be too late on a loaded machine; nbdkit has then printed everything, and serves for ever.
 */
function withoutReader(sandbox: Sandbox, stream: 1 | 2, args: readonly string[]): Promise<Outcome> {
  const script = `mkfifo fifo; exec 3<>fifo 4>fifo 3<&-; exec "$nbdkit" "$@" ${stream}>&4 4>&-`;
  return outcomeOf(sandbox.start("/bin/sh", ["-c", script, "sh", ...args]));
}

describe("a stream whose reader has ended", () => {
  it("gets no warning, and the server serves", async () => {
    await using sandbox = new Sandbox();
    const command = `'${nbd}' info --size "$uri" >size`;
    const { status } = await withoutReader(sandbox, 2, ["-D", "null.none=1", "null", "--run", command]);
    expect(status).toBe(0);
    expect(sandbox.read("size")).toBe("0\n");
    await sandbox.empty();
  });

  it.each([["--print-uri", "-f", "-U", "-", "null"], ["--help"]])(
    "gets no output, which is an error: %s",
    async (...args) => {
      await using sandbox = new Sandbox();
      const stderr = "nbdkit: error: stdout: EPIPE: broken pipe, write\n";
      expect(await withoutReader(sandbox, 1, args)).toEqual({ status: 1, stdout: "", stderr });
      await sandbox.empty();
    },
  );
});
