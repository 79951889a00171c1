import { fileURLToPath } from "node:url";
import { connect } from "nbdkit-node";
import { describe, expect, it } from "vitest";
import { nbd, run, succeed } from "../helpers/run.ts";
import { ServerProcess } from "../helpers/server-process.ts";
import { describeWith } from "../helpers/tools.ts";

const plugin = fileURLToPath(new URL("../helpers/contexts-plugin.mjs", import.meta.url));
const args = ["--filter=nofilter", plugin];
const [dirty, age] = ["x-test:dirty", "x-test:age"];
const half = 1 << 19;

describeWith(["nbdsh"], "nbdsh", () => {
  async function nbdsh(...lines: string[]): Promise<string> {
    await using server = await ServerProcess.start(args);
    const sock = `sock = "${server.socket}"`;
    return await succeed(
      "nbdsh",
      [sock, ...lines].flatMap((line) => ["-c", line]),
    );
  }

  it("lists all 32-bit contexts of a plugin, or those of a namespace", async () => {
    const output = await nbdsh(
      "h.set_opt_mode(True)",
      "h.connect_unix(sock)",
      "h.opt_list_meta_context(print)",
      "h.add_meta_context('x-test:')",
      "h.opt_list_meta_context(print)",
      "h.opt_abort()",
    );
    expect(output).toBe(`base:allocation\n${dirty}\n${dirty}\n`);
  });

  it("selects several contexts by name and gets the extents of each", async () => {
    const output = await nbdsh(
      `for name in ["${dirty}", "${age}", "x-test:", "y:z", "base:allocation"]: h.add_meta_context(name)`,
      "h.connect_unix(sock)",
      "show = lambda context, offset, entries, error: print(context, offset, entries)",
      "h.block_status(h.get_size(), 0, show)",
      `h.block_status(1024, ${half - 512}, show)`,
      `h.block_status(1024, ${half - 512}, show, nbd.CMD_FLAG_REQ_ONE)`,
    );
    const lines = [
      ["base:allocation", 0, [half, 0, half, 3]],
      [dirty, 0, [half, 1, half, 0]],
      ["base:allocation", half - 512, [512, 0, 1024, 3]],
      [dirty, half - 512, [512, 1, 1024, 0]],
      ["base:allocation", half - 512, [512, 0]],
      [dirty, half - 512, [512, 1]],
    ].map(([name, offset, entries]) => `${name} ${offset} [${(entries as number[]).join(", ")}]`);
    expect(output.trim().split("\n")).toEqual(lines);
  });
});

describe("our client", () => {
  it("gets all contexts in one reply, or only the selected one, with 64 bits", async () => {
    await using server = await ServerProcess.start(args);
    await using client = await connect(server.uri(), {
      metaContexts: [age, "base:allocation", dirty],
      listContexts: true,
    });
    expect(client.availableContexts).toEqual(["base:allocation", dirty, age]);
    const extents = (first: bigint, second: bigint) => [
      { length: BigInt(half), state: first },
      { length: BigInt(half), state: second },
    ];
    const status = await client.blockStatus(0, client.size);
    expect(Object.fromEntries(status)).toEqual({
      "base:allocation": extents(0n, 3n),
      [dirty]: extents(1n, 0n),
      [age]: extents(1n << 40n, 7n),
    });
    expect([...(await client.blockStatus(0, client.size, { context: age }))]).toEqual([
      [age, extents(1n << 40n, 7n)],
    ]);
  });

  it("gets states of 32 bits without extended headers", async () => {
    await using server = await ServerProcess.start(args);
    await using client = await connect(server.uri(), { extendedHeaders: false, metaContexts: [age, dirty] });
    expect(client.contexts).toEqual([dirty]);
    expect((await client.blockStatus(half, 512)).get(dirty)).toEqual([{ length: 512n, state: 0n }]);
  });

  it("prints the contexts with nbd info", async () => {
    await using server = await ServerProcess.start(args);
    const { stdout } = await run(nbd, ["info", `--map=${dirty}`, server.uri()]);
    expect(stdout).toMatch(/^\s*0\s+524288\s+1\b.*\n\s*524288\s+524288\s+0\b/);
  });
});
