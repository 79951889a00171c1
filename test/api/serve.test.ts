import { existsSync, readdirSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { serve } from "../../src/api/serve.ts";
import { connect, listExports } from "../../src/client/index.ts";
import { defineFilter } from "../../src/contract/filter.ts";
import { integer, list } from "../../src/contract/parameter.ts";
import { definePlugin, type Plugin } from "../../src/contract/plugin.ts";
import { Folder } from "../helpers/folder.ts";

/** A plugin that records the calls of its methods. */
function traced(steps: string[], changes: Partial<Plugin> = {}): Plugin {
  const step = (name: string) => () => void steps.push(name);
  return {
    name: "traced",
    load: step("load"),
    getReady: step("getReady"),
    afterFork: step("afterFork"),
    cleanup: step("cleanup"),
    unload: step("unload"),
    open: () => ({ size: 512n, read: (into) => void into.fill(1), close: step("close") }),
    ...changes,
  };
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "uncaughtException", "unhandledRejection"];
const listeners = (): number[] => signals.map((name) => process.listenerCount(name));

describe("serve", () => {
  it("starts, serves and closes a server, and leaves no handles in the process", async () => {
    const steps: string[] = [];
    const before = listeners();
    {
      await using server = await serve({ plugin: traced(steps) });
      expect(listeners()).toEqual(before);
      await using client = await connect(server.uri);
      expect(await client.read(0n, 2)).toEqual(Buffer.from([1, 1]));
      expect(server.connections).toBe(1);
    }
    expect(steps).toEqual(["load", "getReady", "afterFork", "close", "cleanup", "unload"]);
    expect(listeners()).toEqual(before);
  });

  it("keeps several servers apart", async () => {
    await using one = await serve({ plugin: "memory", parameters: { size: "1M" } });
    await using other = await serve({ plugin: "memory", parameters: { size: 2 * 1024 * 1024 } });
    await using first = await connect(one.uri);
    await using second = await connect(other.uri);
    await first.write(0n, Buffer.from("one"));
    expect([first.size, second.size]).toEqual([1024n * 1024n, 2n * 1024n * 1024n]);
    expect(await second.read(0n, 3)).toEqual(Buffer.alloc(3));
    await one.close();
    await expect(connect(one.uri)).rejects.toMatchObject({ code: "ENOENT" });
    await second.write(0n, Buffer.from("two"));
  });

  it("serves one plugin definition several times, with separate parameters and state", async () => {
    const plugin = definePlugin({
      name: "filled",
      parameters: { byte: integer({ required: true, min: 0, max: 255, help: "What it is full of" }) },
      configComplete: ({ byte }) => ({ byte, reads: 0 }),
      open: (state) => ({ size: 512n, read: (into) => void into.fill(state.byte + state.reads++) }),
    });
    await using one = await serve({ plugin, parameters: { byte: 1 } });
    await using other = await serve({ plugin, parameters: { byte: 100 } });
    await using first = await connect(one.uri);
    await using second = await connect(other.uri);
    const read = async (client: typeof first): Promise<number> => (await client.read(0n, 1))[0]!;
    expect([await read(first), await read(first), await read(second), await read(first)]).toEqual([
      1, 2, 100, 3,
    ]);
    await one.close();
    expect(await read(second)).toBe(101);
  });

  it("listens on the given address, and removes its sockets", async () => {
    using folder = new Folder();
    const path = folder.join("socket");
    const unix = await serve({ plugin: "null", listen: { kind: "unix", path }, exportName: "a b" });
    expect(unix.address).toEqual({ kind: "unix", path });
    expect(unix.uri).toBe(`nbd+unix:///a%20b?socket=${path}`);
    await using tcp = await serve({ plugin: "null", listen: { kind: "tcp", host: "127.0.0.1", port: 0 } });
    expect(tcp.uri).toMatch(/^nbd:\/\/127\.0\.0\.1:\d+$/);
    expect((await listExports(tcp.uri)).exports).toHaveLength(1);
    const secret = await serve({ plugin: "null" });
    const socket = secret.address.kind === "unix" ? secret.address.path : "";
    expect(existsSync(socket)).toBe(true);
    await Promise.all([unix.close(), secret.close(), secret.close()]);
    expect(existsSync(dirname(socket))).toBe(false);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("gives each layer its own parameters, also when a filter is there twice", async () => {
    const seen: unknown[] = [];
    const parameters = { n: integer({ min: 0, max: 9, help: "A number" }) };
    const filter = defineFilter({ name: "f", parameters, configComplete: ({ n }) => void seen.push(n) });
    const plugin = definePlugin({
      name: "p",
      parameters: { ...parameters, words: list((text) => text, { help: "Words" }) },
      configComplete: ({ n, words }) => void seen.push(n, words),
      open: () => ({ size: 0n, read: () => {} }),
    });
    const filters = [{ filter, parameters: { n: 1 } }, "noextents", { filter, parameters: { n: 2 } }, filter];
    await using server = await serve({ plugin, filters, parameters: { n: 3n as never, words: ["a", true] } });
    expect(seen).toEqual([3, ["a", "true"], undefined, 2, 1]);
    expect(server.connections).toBe(0);
    await expect(serve({ plugin, filters: [{ filter: "noextents", parameters: { n: 1 } }] })).rejects.toThrow(
      "unknown parameter 'n': noextents takes none",
    );
  });

  it("has the same protocol options as the command line", async () => {
    await using server = await serve({
      plugin: "memory",
      parameters: { size: 512 },
      readOnly: true,
      handshake: { structuredReplies: false },
    });
    await using client = await connect(server.uri);
    expect([client.readOnly, client.replyForm]).toEqual([true, "simple"]);
  });

  it.each([
    ["configComplete", ["load"]],
    ["getReady", ["load", "cleanup", "unload"]],
    ["afterFork", ["load", "getReady", "cleanup", "unload"]],
  ] as const)("rejects with the error of the plugin's %s, and cleans up", async (step, expected) => {
    const steps: string[] = [];
    const mistake = new Error("a mistake");
    const fail = (): never => {
      throw mistake;
    };
    await expect(serve({ plugin: traced(steps, { [step]: fail }) })).rejects.toBe(mistake);
    expect(steps).toEqual(expected);
  });

  it("ends when its signal is aborted, before and after it serves", async () => {
    const reason = new Error("enough");
    const steps: string[] = [];
    const controller = new AbortController();
    const never = traced(steps, {
      getReady: () => new Promise(() => queueMicrotask(() => controller.abort(reason))),
    });
    await expect(serve({ plugin: never, signal: controller.signal })).rejects.toBe(reason);
    expect(steps).toEqual(["load", "cleanup", "unload"]);
    await expect(serve({ plugin: "null", signal: controller.signal })).rejects.toBe(reason);

    const later = new AbortController();
    const server = await serve({ plugin: "null", signal: later.signal });
    later.abort();
    await server.closed;
    await expect(connect(server.uri)).rejects.toThrow();
  });

  it("ends when its plugin calls shutdown", async () => {
    const plugin = definePlugin({
      name: "brief",
      configComplete: (_values, host) => host,
      open: (host) => ({ size: 512n, read: () => host.shutdown() }),
    });
    const server = await serve({ plugin });
    await using client = await connect(server.uri);
    await client.read(0n, 1);
    await server.closed;
    expect(await client.closed).toMatchObject({ code: "ECONNRESET" });
  });

  it("writes to the user's log, by subject", async () => {
    const said: string[] = [];
    const log = (subject: string) => ({
      verbose: false,
      error: (message: string) => void said.push(`${subject}: ${message}`),
      debug: () => {},
      named: log,
    });
    const open = () => ({
      size: 512n,
      read: () => Promise.reject(Object.assign(new Error("broken"), { code: "EPERM" })),
    });
    await using server = await serve({ plugin: { name: "p", open }, log: log("") });
    await using client = await connect(server.uri);
    await expect(client.read(0n, 1)).rejects.toMatchObject({ code: "EPERM" });
    expect(said).toEqual(["p[1]: read: broken"]);
  });
});
