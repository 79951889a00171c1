import { NbdError } from "../core/errors.ts";
import { type AnyFilter, type AnyPlugin, Component } from "./component.ts";
import { overlay } from "./filter.ts";
import type { Handle } from "./handle.ts";
import {
  type Client,
  type ExportItem,
  type Host,
  type ListRequest,
  type OpenRequest,
  type ThreadModel,
  threadModels,
} from "./plugin.ts";

/** A plugin under its filters, outermost first: runs their lifecycle and answers as one. */
export class Chain {
  readonly #plugin: Component<AnyPlugin>;
  readonly #filters: readonly Component<AnyFilter>[];
  readonly #told: (step: string) => void;

  /** @param told is given a line before each step of the lifecycle, in nbdkit's words */
  constructor(
    plugin: AnyPlugin,
    filters: readonly AnyFilter[],
    hostFor: (name: string) => Host,
    told: (step: string) => void = () => {},
  ) {
    this.#told = told;
    this.#plugin = new Component(plugin, hostFor(plugin.name));
    this.#filters = filters.map((filter) => new Component(filter, hostFor(filter.name)));
  }

  get plugin(): AnyPlugin {
    return this.#plugin.definition;
  }

  /** The strictest of all. */
  get threadModel(): ThreadModel {
    const ranks = this.#components.map((component) => threadModels.indexOf(threadModelOf(component)));
    return threadModels[Math.min(...ranks)]!;
  }

  /** Filters first, as they are nearer to the client; what nobody knows is the plugin's to refuse. */
  config(key: string, text: string): void {
    this.#config(this.#components, key, text);
  }

  /** For whoever says whose parameter it is: 0 is the outermost filter, and the plugin comes after the last one. */
  configLayer(layer: number, key: string, text: string): void {
    this.#config([this.#components[layer]!], key, text);
  }

  /** What the plugin tells --dump-plugin, once it has been given parameters. */
  async dumpPlugin(): Promise<Readonly<Record<string, string>>> {
    const { definition, state, host } = this.#plugin;
    return (await definition.dumpPlugin?.(state as Record<string, unknown>, host)) ?? {};
  }

  /** From the plugin outwards, as each layer may rely on those below it. */
  async load(): Promise<void> {
    for (const { definition } of this.#fromPlugin) await definition.load?.();
  }

  async configComplete(): Promise<void> {
    for (const component of this.#fromPlugin) {
      this.#tell(component, "config_complete");
      await component.configComplete();
    }
  }

  async getReady(): Promise<void> {
    for (const component of this.#fromPlugin) {
      this.#tell(component, "get_ready");
      await component.definition.getReady?.(component.state, component.host, this.threadModel);
    }
  }

  async afterFork(): Promise<void> {
    for (const component of this.#fromPlugin) {
      this.#tell(component, "after_fork");
      await component.definition.afterFork?.(component.state, component.host);
    }
  }

  async preconnect(client: Client): Promise<void> {
    for (const { definition, state } of this.#components) await definition.preconnect?.(state, client);
  }

  async listExports(request: ListRequest): Promise<readonly ExportItem[]> {
    const { definition, state } = this.#plugin;
    let answer = async (asked: ListRequest): Promise<readonly ExportItem[]> =>
      (await definition.listExports?.(state, asked)) ?? [{ name: await this.#pluginDefault(asked) }];
    for (const { definition: filter, state: filterState } of [...this.#filters].reverse()) {
      const next = answer;
      if (filter.listExports !== undefined) {
        answer = async (asked) => filter.listExports!(next, filterState, asked);
      }
    }
    return answer(request);
  }

  async defaultExport(request: ListRequest): Promise<string> {
    let answer = (asked: ListRequest): Promise<string> => this.#pluginDefault(asked);
    for (const { definition: filter, state: filterState } of [...this.#filters].reverse()) {
      const next = answer;
      if (filter.defaultExport !== undefined) {
        answer = async (asked) => filter.defaultExport!(next, filterState, asked);
      }
    }
    return answer(request);
  }

  open(request: OpenRequest): Promise<Handle> {
    return this.#openFrom(0, request);
  }

  async #openFrom(layer: number, request: OpenRequest): Promise<Handle> {
    const filter = this.#filters[layer];
    if (filter === undefined)
      return checkedHandle(await this.#plugin.definition.open(this.#plugin.state, request));
    const { definition, state } = filter;
    const next = (asked: OpenRequest): Promise<Handle> => this.#openFrom(layer + 1, asked);
    const handle = await (definition.openNext?.(next, state, request) ?? next(request));
    if (definition.open === undefined) return handle;
    try {
      return overlay(handle, await definition.open(handle, state, request));
    } catch (error) {
      await handle.close?.();
      throw error;
    }
  }

  /** From the outside in, so that no layer outlives what it rests on. */
  async cleanup(): Promise<void> {
    for (const component of this.#components) {
      this.#tell(component, "cleanup");
      await component.quietly("cleanup");
    }
  }

  async unload(): Promise<void> {
    for (const component of this.#components) {
      this.#tell(component, "unload");
      await component.quietly("unload");
    }
  }

  get #components(): readonly Component[] {
    return [...this.#filters, this.#plugin];
  }

  get #fromPlugin(): readonly Component[] {
    return [...this.#components].reverse();
  }

  #config(candidates: readonly Component[], key: string, text: string): void {
    const found = candidates.find((component) => component.config(key, text));
    if (found !== undefined) {
      this.#tell(found, `config key=${key}, value=${found.isSecret(key) ? "***" : text}`);
      return;
    }
    const { name, parameters = {} } = candidates.at(-1)!.definition;
    const known = Object.keys(parameters).map((parameter) => `${parameter}=`);
    const hint = known.length === 0 ? "takes none" : `takes ${known.join(" ")}`;
    throw new NbdError("EINVAL", `unknown parameter '${key}': ${name} ${hint}`);
  }

  #tell({ definition }: Component, step: string): void {
    this.#told(`${definition.name}: ${step}`);
  }

  async #pluginDefault(request: ListRequest): Promise<string> {
    return (await this.#plugin.definition.defaultExport?.(this.#plugin.state, request)) ?? "";
  }
}

function threadModelOf({ definition, state }: Component): ThreadModel {
  const { threadModel = "parallel" } = definition;
  return typeof threadModel === "function" ? threadModel(state) : threadModel;
}

/** Plugins may be written without types. */
function checkedHandle(handle: Handle): Handle {
  if (typeof handle?.read === "function") return handle;
  throw new NbdError("EINVAL", "what the plugin's open returned is no handle: it has no read function");
}
