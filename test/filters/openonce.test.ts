import { describe, expect, it } from "vitest";
import type { AnyPlugin } from "../../src/chain/component.ts";
import openonce from "../../src/filters/openonce.ts";
import { TestedChain } from "../../src/testing/tested-chain.ts";
import { testPlugin } from "../helpers/conformance.ts";
import { overMemory, RecordingDisk } from "./disks.ts";

testPlugin("openonce over memory", { ...overMemory(openonce), runs: 5 });

describe("openonce", () => {
  function counting(changes: Partial<AnyPlugin> = {}): { plugin: AnyPlugin; said: string[] } {
    const said: string[] = [];
    const { plugin } = new RecordingDisk();
    const counted: AnyPlugin = {
      ...plugin,
      async open(state, request) {
        said.push(`open ${request.exportName}${request.readOnly ? " to read" : ""}`);
        const handle = await plugin.open(state, request);
        return { ...handle, close: () => void said.push(`close ${request.exportName}`) };
      },
      ...changes,
    };
    return { plugin: counted, said };
  }

  it("openonce opens an export once for several clients and closes it at exit", async () => {
    const { plugin, said } = counting();
    const session = await TestedChain.start({ plugin, filters: [openonce], parameters: {} });
    const [first, second] = await Promise.all([session.open(), session.open()]);
    await session.close(first);
    await session.close(second);
    await session.open();
    await session.open({ exportName: "other" });
    await session.open({ readOnly: true });
    expect(said).toEqual(["open ", "open other", "open  to read"]);
    await session[Symbol.asyncDispose]();
    expect(said.slice(3)).toEqual(["close ", "close other", "close "]);
  });

  it("openonce tries again for the next client after a failed open", async () => {
    const { plugin } = new RecordingDisk();
    let tries = 0;
    const shy: AnyPlugin = {
      ...plugin,
      open(state, request) {
        if (++tries === 1) throw new Error("not yet");
        return plugin.open(state, request);
      },
    };
    await using session = await TestedChain.start({ plugin: shy, filters: [openonce], parameters: {} });
    await expect(session.open()).rejects.toThrow("not yet");
    await session.open();
  });

  it.each([
    ["serialize_requests", "serialize_all_requests"],
    ["parallel", "parallel"],
    ["serialize_connections", "serialize_connections"],
  ] as const)("openonce over a plugin with %s has the thread model %s", async (threadModel, model) => {
    const { plugin } = counting({ threadModel });
    await using session = await TestedChain.start({ plugin, filters: [openonce], parameters: {} });
    expect(session.chain.threadModel).toBe(model);
  });
});
