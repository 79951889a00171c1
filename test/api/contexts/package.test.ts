import { connect, run, serve, spawn } from "nbdkit-node";
import { definePlugin } from "nbdkit-node/plugin";
import { conformanceChecks } from "nbdkit-node/testing";
import { expect, it } from "vitest";

// Imports the built package, not its sources, which vitest would compile. contexts.test.ts runs this file in
// all pools.

const fails = definePlugin({
  name: "fails",
  open: () => ({
    size: 1024n,
    read: (into) => void into.fill(7),
    write: () => {
      throw Object.assign(new Error("the disk is full"), { code: "ENOSPC" });
    },
  }),
});

it("serves several clients on several threads, and ends", async () => {
  await using server = await serve({ plugin: "memory", parameters: { size: "1M" }, filters: ["cow"] });
  await using first = await connect(server.uri);
  await using second = await connect(server.uri);
  await first.write(0n, new Uint8Array([1, 2, 3]), { fua: true });
  expect([...(await second.read(0n, 3))]).toEqual([1, 2, 3]);
});

it("runs captive commands", async () => {
  const options = { plugin: "null", parameters: { size: "1M" } };
  expect(await run("printf out; printf err >&2; exit 3", options)).toEqual({
    status: 3,
    stdout: "out",
    stderr: "err",
  });
  await using captive = await spawn("exit 4", options);
  expect(await captive.finished).toBe(4);
});

it("reports errors of the plugin, of the system and of the caller unchanged", async () => {
  const said: string[] = [];
  const log = { verbose: false, error: (line: string) => void said.push(line), debug: () => {} };
  await using server = await serve({ plugin: fails, log });
  await using client = await connect(server.uri);
  await expect(client.write(0n, new Uint8Array(1))).rejects.toMatchObject({ code: "ENOSPC" });
  expect(said).toEqual(["write: the disk is full"]);
  const missing = serve({ plugin: "file", parameters: { file: "/nowhere" } });
  await expect(missing).rejects.toThrow(/^[a-z]+: \/nowhere: No such file or directory$/);
  const signal = AbortSignal.abort(new Error("on purpose"));
  await expect(serve({ plugin: fails, signal })).rejects.toThrow(/^on purpose$/);
});

for (const { name, run: check } of conformanceChecks({ plugin: fails, writes: "refused", runs: 2 })) {
  it(`passes the conformance checks: ${name}`, check);
}
