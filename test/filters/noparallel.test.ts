import { describe, expect, it } from "vitest";
import noparallel from "../../src/filters/noparallel.ts";
import { Session } from "../../src/testing/session.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { overMemory } from "./disks.ts";

testPlugin("noparallel over memory", { ...overMemory(noparallel), runs: 5 });

describe("noparallel", () => {
  it.each([
    [{}, "serialize_requests"],
    [{ serialize: "requests" }, "serialize_requests"],
    [{ serialize: "all-requests" }, "serialize_all_requests"],
    [{ serialise: "all_requests" }, "serialize_all_requests"],
    [{ serialize: "connections" }, "serialize_connections"],
  ])("with %j makes the chain %s", async (parameters, model) => {
    await using session = await Session.start(overMemory(noparallel, parameters));
    expect(session.chain.threadModel).toBe(model);
  });

  it("refuses other words", async () => {
    const starting = Session.start(overMemory(noparallel, { serialize: "disks" }));
    await expect(starting).rejects.toThrow("unknown serialize mode: disks: use requests");
  });
});
