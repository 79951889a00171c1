import { describe, expect, it } from "vitest";
import { Chain } from "../../src/chain/chain.ts";
import type { AnyFilter, AnyPlugin } from "../../src/chain/component.ts";
import { ConnectionContext } from "../../src/chain/connection-context.ts";
import { settingsOf } from "../../src/cli/parameters.ts";
import { text } from "../../src/contract/parameter.ts";
import { threadModels } from "../../src/contract/plugin.ts";
import { configure } from "../../src/server/settings.ts";
import { listeningHost, silentHost, someClient } from "../helpers/hosts.ts";

const client = { ...someClient, exportName: "" };
const handle = { size: 1n, read: () => {} };

/** Records each step. A plugin's `open` has two arguments, a filter's has three. */
// biome-ignore lint/suspicious/noExplicitAny: it is both a plugin and a filter
function traced(name: string, said: string[]): any {
  const step = (what: string) => () => void said.push(`${what} ${name}`);
  return {
    name,
    load: step("load"),
    configComplete: step("configComplete"),
    getReady: step("getReady"),
    afterFork: step("afterFork"),
    preconnect: step("preconnect"),
    cleanup: step("cleanup"),
    unload: step("unload"),
    open: (...args: unknown[]) => {
      said.push(`open ${name}`);
      return args.length === 2 ? { ...handle, close: step("close") } : { close: step("close") };
    },
  };
}

describe("a chain", () => {
  it("runs setup from the plugin outwards and cleanup from the outermost filter inwards", async () => {
    const said: string[] = [];
    const [outer, inner, plugin] = ["outer", "inner", "plugin"].map((name) => traced(name, said));
    const chain = new Chain(plugin!, [outer!, inner!], () => silentHost);
    const inwards = (step: string) => [`${step} outer`, `${step} inner`, `${step} plugin`];
    const outwards = (step: string) => inwards(step).reverse();

    await chain.load();
    await chain.configComplete();
    await chain.getReady();
    await chain.afterFork();
    expect(said.splice(0)).toEqual(["load", "configComplete", "getReady", "afterFork"].flatMap(outwards));
    await chain.preconnect(client);
    const opened = await chain.open(client);
    await opened.close!();
    expect(said.splice(0)).toEqual([...inwards("preconnect"), ...outwards("open"), ...inwards("close")]);
    await chain.cleanup();
    await chain.unload();
    expect(said).toEqual(["cleanup", "unload"].flatMap(inwards));
  });

  it("closes the layers below when a filter fails to open", async () => {
    const said: string[] = [];
    const failing: AnyFilter = { name: "failing", open: () => Promise.reject(new Error("no")) };
    const chain = new Chain(traced("plugin", said), [failing, traced("inner", said)], () => silentHost);
    await expect(chain.open(client)).rejects.toThrow("no");
    expect(said).toEqual(["open plugin", "open inner", "close inner", "close plugin"]);
  });

  it("runs cleanup of every layer although one fails, and logs the error", async () => {
    const said: string[] = [];
    const host = listeningHost();
    const failing: AnyFilter = { name: "failing", cleanup: () => Promise.reject(new Error("stuck")) };
    const chain = new Chain(traced("plugin", said), [failing], () => host);
    await chain.configComplete();
    await chain.cleanup();
    expect(said).toEqual(["configComplete plugin", "cleanup plugin"]);
    expect(host.errors).toEqual(["cleanup: stuck"]);
  });

  it("has the strictest thread model of its layers", () => {
    const models = [...threadModels, undefined];
    for (const [strict, one] of models.entries()) {
      for (const [other, two] of models.entries()) {
        const withModel = (threadModel: typeof one) => (threadModel === undefined ? {} : { threadModel });
        const plugin: AnyPlugin = { name: "plugin", open: () => handle, ...withModel(one) };
        const chain = new Chain(plugin, [{ name: "filter", ...withModel(two) }], () => silentHost);
        expect(chain.threadModel).toBe(models[Math.min(strict, other)] ?? "parallel");
      }
    }
  });

  it("asks filters for export lists and default exports from the outermost filter inwards", async () => {
    const plugin: AnyPlugin = {
      name: "plugin",
      open: () => handle,
      listExports: () => [{ name: "a" }],
      defaultExport: () => "a",
    };
    const adding = (name: string): AnyFilter => ({
      name,
      listExports: async (next, _state, request) => [...(await next(request)), { name }],
      defaultExport: async (next, _state, request) => `${await next(request)}+${name}`,
    });
    const chain = new Chain(plugin, [adding("outer"), { name: "silent" }, adding("inner")], () => silentHost);
    expect(await chain.listExports(client)).toEqual([{ name: "a" }, { name: "inner" }, { name: "outer" }]);
    expect(await chain.defaultExport(client)).toBe("a+inner+outer");
  });

  it("lists only its default export when the plugin has no list", async () => {
    const plugin: AnyPlugin = { name: "plugin", open: () => handle, defaultExport: () => "disk" };
    expect(await new Chain(plugin, [], () => silentHost).listExports(client)).toEqual([{ name: "disk" }]);
    const none: AnyPlugin = { name: "plugin", open: () => handle };
    expect(await new Chain(none, [], () => silentHost).listExports(client)).toEqual([{ name: "" }]);
  });
});

describe("the default export of a chain", () => {
  const counting = (answer: () => string) => {
    const asked: string[] = [];
    const plugin: AnyPlugin = {
      name: "plugin",
      open: (_state, { exportName }) => ({ ...handle, description: exportName }),
      defaultExport: (_state, { tls }) => {
        asked.push(tls ? "under TLS" : "in clear");
        return answer();
      },
    };
    return { asked, plugin };
  };
  const silent: AnyFilter = { name: "silent" };

  it("is asked for once on each connection, and once more under TLS", async () => {
    const { asked, plugin } = counting(() => "disk");
    const chain = new Chain(plugin, [silent], () => silentHost);
    const context = new ConnectionContext(() => {});
    for (const tls of [false, true]) {
      for (let round = 0; round < 2; round++) {
        expect(await chain.listExports({ ...client, tls }, context)).toEqual([{ name: "disk" }]);
        expect(await chain.defaultExport({ ...client, tls }, context)).toBe("disk");
        const open = await chain.open({ ...client, tls, exportName: "" }, context);
        expect(open.description).toBe("disk");
      }
    }
    expect(asked).toEqual(["in clear", "under TLS"]);
    await chain.defaultExport(client, new ConnectionContext(() => {}));
    expect(asked).toHaveLength(3);
  });

  it("is missing from the list when asking for it fails, and is asked for again later", async () => {
    const said: string[] = [];
    let answer = (): string => {
      throw new Error("not today");
    };
    const { asked, plugin } = counting(() => answer());
    const chain = new Chain(plugin, [silent], () => ({
      ...silentHost,
      error: (line) => void said.push(line),
    }));
    const context = new ConnectionContext(() => {});
    expect(await chain.listExports(client, context)).toEqual([]);
    expect(said).toEqual(["not today"]);
    await expect(chain.defaultExport(client, context)).rejects.toThrow("not today");
    answer = () => "x".repeat(4097);
    expect(await chain.listExports(client, context)).toEqual([]);
    answer = () => "disk";
    expect(await chain.defaultExport(client, context)).toBe("disk");
    expect(asked).toHaveLength(4);
  });

  it.each(["name", "description"])("is refused with a %s that is too long for clients", async (key) => {
    const list = (bytes: number) => [{ name: "a", description: "b", [key]: "x".repeat(bytes) }];
    const plugin: AnyPlugin = { name: "plugin", open: () => handle, listExports: () => list(4096) };
    expect(await new Chain(plugin, [], () => silentHost).listExports(client)).toEqual(list(4096));
    const long = { ...plugin, listExports: () => list(4097) };
    await expect(new Chain(long, [], () => silentHost).listExports(client)).rejects.toThrow("4097 bytes");
  });
});

describe("a filter of a chain", () => {
  const plugin: AnyPlugin = {
    name: "plugin",
    threadModel: "serialize_requests",
    open: (_state, { exportName }) => ({ ...handle, description: exportName }),
  };

  it("may open the next layer with another request, or not at all", async () => {
    const renaming: AnyFilter = {
      name: "renaming",
      openNext: (next, _state, request) => next({ ...request, exportName: `${request.exportName}!` }),
      open: (next) => ({ description: `${next.description}?` }),
    };
    const chain = new Chain(plugin, [renaming, renaming], () => silentHost);
    expect((await chain.open({ ...client, exportName: "a" })).description).toBe("a!!??");
    const instead: AnyFilter = { name: "instead", openNext: () => ({ ...handle, description: "mine" }) };
    expect((await new Chain(plugin, [instead], () => silentHost).open(client)).description).toBe("mine");
  });

  it("receives the thread model of the layers below, and may choose its own by it", async () => {
    const heard: string[] = [];
    const filter: AnyFilter = {
      name: "filter",
      threadModel: (_state, below) =>
        below === "serialize_requests" ? "serialize_all_requests" : "parallel",
      getReady: (_state, _host, model) => void heard.push(model),
    };
    await new Chain(plugin, [filter], () => silentHost).getReady();
    await new Chain({ ...plugin, threadModel: "parallel" }, [filter], () => silentHost).getReady();
    expect(heard).toEqual(["serialize_all_requests", "parallel"]);
  });

  it("can ask for the default export that its clients receive", async () => {
    const filter: AnyFilter = {
      name: "filter",
      defaultExport: async (next, _state, request) => `${await next(request)}default`,
      listExports: (_next, _state, request, onlyDefault) => onlyDefault(request),
    };
    const outer: AnyFilter = { name: "outer", defaultExport: () => "other" };
    const chain = new Chain(plugin, [outer, filter], () => silentHost);
    expect(await chain.listExports(client)).toEqual([{ name: "default" }]);
  });
});

describe("parameters on the command line", () => {
  const plugin: AnyPlugin = {
    name: "plugin",
    parameters: { file: text({ help: "" }), "odd.key_1-x": text({ help: "" }) },
    magicKey: "file",
    open: (values) => ({ ...handle, description: JSON.stringify(values) }),
  };
  const filter: AnyFilter = {
    name: "filter",
    parameters: { offset: text({ help: "", aliases: ["off", "start"] }) },
    open: (_next, values) => ({ description: `${_next.description} ${JSON.stringify(values)}` }),
  };

  async function configured(...parameters: string[]): Promise<string | undefined> {
    const chain = new Chain(plugin, [filter], () => silentHost);
    configure(chain, settingsOf(parameters));
    await chain.configComplete();
    return (await chain.open(client)).description;
  }

  it("may have several keys", async () => {
    expect(await configured("disk", "start=5")).toBe('{"file":"disk"} {"offset":"5"}');
  });

  it.each([
    [["disk"], { file: "disk" }],
    [["file=disk"], { file: "disk" }],
    [["file="], { file: "" }],
    [[""], { file: "" }],
    [["file=a=b\nc"], { file: "a=b\nc" }],
    [["/a=b"], { file: "/a=b" }],
    [["1=b"], { file: "1=b" }],
    [["a b=c"], { file: "a b=c" }],
    [["=b"], { file: "=b" }],
    [["odd.key_1-x=1"], { "odd.key_1-x": "1" }],
  ])("%j go to the plugin by key, or as its bare value", async (parameters, expected) => {
    expect(await configured(...parameters)).toBe(`${JSON.stringify(expected)} {}`);
  });

  it("go to the filter that declares them", async () => {
    expect(await configured("offset=1", "disk")).toBe('{"file":"disk"} {"offset":"1"}');
  });

  it("are refused when no layer declares them, with a list of the declared ones", async () => {
    await expect(configured("size=1")).rejects.toThrow(
      "unknown parameter 'size': plugin takes file= odd.key_1-x=, filter takes offset=",
    );
  });

  it("must have a key where the plugin takes no bare value", () => {
    const chain = new Chain({ name: "keyed", open: () => handle }, [], () => silentHost);
    expect(() => configure(chain, settingsOf(["disk"]))).toThrow(
      "expecting key=value on the command line but got: disk",
    );
  });
});
