import { describe, expect, it } from "vitest";
import noparallel from "../../src/filters/noparallel.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { captive, nbd, nbdkit, succeed } from "../helpers/run.ts";
import { overMemory } from "./disks.ts";

testPlugin("noparallel over memory", { ...overMemory(noparallel), runs: 5 });

describe("noparallel", () => {
  it.each([
    [{}, "serialize_requests"],
    [{ serialize: "requests" }, "serialize_requests"],
    [{ serialize: "all-requests" }, "serialize_all_requests"],
    [{ serialise: "all_requests" }, "serialize_all_requests"],
    [{ serialize: "connections" }, "serialize_connections"],
  ])("noparallel with %j gives the chain the thread model %s", async (parameters, model) => {
    await using session = await TestedChain.start(overMemory(noparallel, parameters));
    expect(session.chain.threadModel).toBe(model);
  });

  it.each([
    [["memory"], "serialize_requests"],
    [["memory", "serialize=connections"], "serialize_connections"],
    [["eval", "thread_model=echo serialize_requests", "serialize=all-requests"], "serialize_all_requests"],
    [["eval"], "serialize_all_requests"],
  ])("noparallel over %j has the thread model %s in --dump-plugin", async (plugin, model) => {
    const dumped = await succeed(nbdkit, ["--filter=noparallel", ...plugin, "--dump-plugin"]);
    expect(dumped).toContain(`\nthread_model=${model}\n`);
  });

  it("noparallel serialize=connections does not let a client open several connections, which would wait", async () => {
    const can = `'${nbd}' info --can multi-conn "$uri" || echo no`;
    const multiConnOf = (serialize: string) =>
      captive(["--filter=noparallel", "memory", "1M", `serialize=${serialize}`], can);
    expect(await multiConnOf("all-requests")).toBe("");
    expect(await multiConnOf("connections")).toBe("no\n");
  });

  it("noparallel refuses unknown modes", async () => {
    const starting = TestedChain.start(overMemory(noparallel, { serialize: "disks" }));
    await expect(starting).rejects.toThrow("unknown serialize mode: disks: use requests");
  });
});
