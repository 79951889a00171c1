import { expect, it } from "vitest";
import { nbdkit, outcomeOf } from "../helpers/run.ts";
import { Sandbox } from "../helpers/sandbox.ts";
import type { Versions } from "./case.ts";
import { describeWithOracle, oracle, skipForOther } from "./oracle.ts";

const session = `nbdsh -u "$uri" -c '
h.pwrite(b"x" * 512, 0)
h.pwrite(b"x" * 512, 512, nbd.CMD_FLAG_FUA)
h.pread(512, 0)
h.flush()
h.zero(512, 0)
h.zero(512, 0, nbd.CMD_FLAG_NO_HOLE)
h.trim(512, 1024)
h.cache(512, 0)
h.shutdown()
' 2>&1
nbdsh -c '
h.add_meta_context("base:allocation")
h.set_export_name("x y")
h.connect_unix("'"$unixsocket"'")
h.block_status(65536, 512, lambda *extents: 0)
h.block_status(65536, 512, lambda *extents: 0, nbd.CMD_FLAG_REQ_ONE)
h.shutdown()
'`;

/** Matches the lines that both servers print: requests of clients, and their way through the layers. */
const common =
  /accepted connection|flags: |client requested export|handshake complete|: (open readonly|pread|pwrite|flush|zero|trim|cache|extents)\b|closing connection|: close$/;

/**
 * Removes the thread names and sorts the lines, because the order differs: nbdkit-node opens an export
 * already when a client queries its contexts.
 */
function comparable(stderr: string): string[] {
  const lines = stderr.split("\n").filter((line) => common.test(line));
  return lines.map((line) => line.replace(/^nbdkit: memory[[.]\d+\]?: /, "nbdkit: CLIENT: ")).sort();
}

describeWithOracle(["nbdsh"], "-v", () => {
  async function linesOf(program: string, ...options: string[]): Promise<string[]> {
    await using sandbox = new Sandbox();
    const env = { PATH: `/usr/bin:${process.env.PATH}` };
    const args = ["-v", ...options, "-U", "-", "--filter=nofilter", "memory", "1M", "--run", session];
    const { status, stderr } = await outcomeOf(sandbox.start(program, args, { env }));
    expect(status, stderr).toBe(0);
    return comparable(stderr);
  }

  it.for<Versions & { readonly options: string[] }>([
    { options: [] },
    { options: ["-r"] },
    // Flushes are requests of the data path in older versions.
    { options: ["-D", "nbdkit.backend.datapath=0"], since: "1.42" },
    { options: ["-D", "nbdkit.backend.controlpath=0"], since: "1.42" },
  ])(
    "logs clients and requests with the messages of nbdkit, with $options",
    async ({ options, ...versions }, context) => {
      skipForOther(versions, context);
      const lines = await linesOf(nbdkit, ...options);
      expect(lines.length).toBeGreaterThan(10);
      expect(lines).toEqual(await linesOf(oracle, ...options));
    },
  );
});
