import { checkExportStrings, checkString } from "../contract/export-strings.ts";
import type { Handle } from "../contract/handle.ts";
import type { Client, ExportItem, Host, ListRequest, OpenRequest, ThreadModel } from "../contract/plugin.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import { Progress } from "../core/progress.ts";
import { sharedAbort } from "../served/shared-abort.ts";
import { checkedExports, checkedName } from "./answers.ts";
import { type AnyFilter, type AnyPlugin, Component } from "./component.ts";
import { ConnectionContext } from "./connection-context.ts";
import { failOnDeadlock } from "./fail-on-deadlock.ts";
import type { Trust } from "./guard.ts";
import { openFilter, openPlugin } from "./open-layer.ts";
import { reportProgress } from "./report-progress.ts";
import { noTracing, openText, questionText, type Tell, type Tracing, traced } from "./trace.ts";

/** A plugin under its filters, outermost first: runs their lifecycle and answers as one. */
export class Chain {
  /** Of everything that is done for clients, and at the end. */
  readonly progress: Progress = new Progress();
  readonly #plugin: Component<AnyPlugin>;
  readonly #filters: readonly Component<AnyFilter>[];
  readonly #told: Tell;
  readonly #tracing: Tracing;
  readonly #stopping = sharedAbort();
  #ending = "";

  /**
   * @param told is given a line before each step of the lifecycle, in nbdkit's words
   * @param tracing what there is to tell, about the chain to `told`, and about a client to its own log
   * @param trustIn how far each of them is trusted
   */
  constructor(
    plugin: AnyPlugin,
    filters: readonly AnyFilter[],
    hostFor: (name: string) => Omit<Host, "stopping">,
    told: Tell = () => {},
    tracing: Tracing = noTracing,
    trustIn: (definition: AnyPlugin | AnyFilter) => Trust = () => "none",
  ) {
    this.#told = told;
    this.#tracing = tracing;
    const host = (name: string): Host => ({ ...hostFor(name), stopping: this.#stopping.signal });
    const component = <Kind extends AnyPlugin | AnyFilter>(definition: Kind): Component<Kind> =>
      new Component(definition, host(definition.name), trustIn(definition));
    this.#plugin = component(plugin);
    this.#filters = filters.map(component);
  }

  get plugin(): AnyPlugin {
    return this.#plugin.definition;
  }

  /** The strictest of all. */
  get threadModel(): ThreadModel {
    return this.#threadModelOver(this.#plugin.threadModelOver("parallel"));
  }

  #threadModelOver(plugins: ThreadModel): ThreadModel {
    return this.#filters.reduceRight((below, filter) => filter.threadModelOver(below), plugins);
  }

  /** Filters first, as they are nearer to the client; what nobody knows is the plugin's to refuse. */
  config(key: string, text: string): void {
    this.#config(this.#components, key, text);
  }

  /** For whoever says whose parameter it is: 0 is the outermost filter, and the plugin comes after the last one. */
  configLayer(layer: number, key: string, text: string): void {
    this.#config([this.#components[layer]!], key, text);
  }

  /** What the plugin tells --dump-plugin, once it has been given parameters, and the thread model of all. */
  async dumpPlugin(): Promise<Readonly<Record<string, string>>> {
    const { definition, state, host } = this.#plugin;
    const dump = definition.dumpPlugin?.(state as Record<string, unknown>, host);
    const told = (await failOnDeadlock(`${definition.name}'s dumpPlugin`, dump)) ?? {};
    // One that depends on parameters is told by the plugin itself.
    const plugins = told.thread_model ?? this.#plugin.threadModelOver("parallel");
    return { ...told, thread_model: this.#threadModelOver(plugins as ThreadModel) };
  }

  /** From the plugin outwards, as each layer may rely on those below it. */
  async load(): Promise<void> {
    for (const { definition } of this.#fromPlugin)
      await failOnDeadlock(`${definition.name}'s load`, definition.load?.());
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
      const { definition, state, host } = component;
      await failOnDeadlock(
        `${definition.name}'s getReady`,
        definition.getReady?.(state, host, this.threadModel),
      );
    }
  }

  async afterFork(): Promise<void> {
    for (const component of this.#fromPlugin) {
      this.#tell(component, "after_fork");
      const { definition, state, host } = component;
      await failOnDeadlock(`${definition.name}'s afterFork`, definition.afterFork?.(state, host));
    }
  }

  /** @param context of the connection, the same for all that its client asks */
  async preconnect(client: Client, context: ConnectionContext = this.#anyone): Promise<void> {
    for (const component of this.#components) {
      this.#tell(component, "preconnect", context.tell);
      await component.definition.preconnect?.(component.state, client);
    }
  }

  /** @throws NbdError EIO where a name or description is too long to be told */
  async listExports(
    request: ListRequest,
    context: ConnectionContext = this.#anyone,
  ): Promise<readonly ExportItem[]> {
    return checkExportStrings(await this.#exportsFrom(0, request, context));
  }

  defaultExport(request: ListRequest, context: ConnectionContext = this.#anyone): Promise<string> {
    return this.#defaultFrom(0, request, context);
  }

  open(request: OpenRequest, context: ConnectionContext = this.#anyone): Promise<Handle> {
    return this.#openFrom(0, request, context);
  }

  /** For what is asked outside of any connection. */
  get #anyone(): ConnectionContext {
    return new ConnectionContext(this.#told);
  }

  async #exportsFrom(
    layer: number,
    request: ListRequest,
    context: ConnectionContext,
  ): Promise<readonly ExportItem[]> {
    this.#tell(this.#components[layer]!, questionText("list_exports", request), context.tell);
    const filter = this.#filters[layer];
    if (filter === undefined) {
      const { definition, state } = this.#plugin;
      const listed = await definition.listExports?.(state, request);
      if (listed === undefined) return this.#onlyDefault(layer, request, context);
      return checkedExports(definition.name, listed);
    }
    const { definition, state } = filter;
    const next = (asked: ListRequest): Promise<readonly ExportItem[]> =>
      this.#exportsFrom(layer + 1, asked, context);
    if (definition.listExports === undefined) return next(request);
    const onlyDefault = (asked: ListRequest): Promise<readonly ExportItem[]> =>
      this.#onlyDefault(layer, asked, context);
    return checkedExports(definition.name, await definition.listExports(next, state, request, onlyDefault));
  }

  /** A list of the default export; empty where there is none for this client. */
  async #onlyDefault(
    layer: number,
    request: ListRequest,
    context: ConnectionContext,
  ): Promise<readonly ExportItem[]> {
    try {
      return [{ name: await this.#defaultFrom(layer, request, context) }];
    } catch (error) {
      this.#components[layer]!.host.error(messageOf(error));
      return [];
    }
  }

  #defaultFrom(layer: number, request: ListRequest, context: ConnectionContext): Promise<string> {
    return context.defaultExport(layer, request, async () =>
      checkString("the name of the default export", await this.#askDefault(layer, request, context)),
    );
  }

  async #askDefault(layer: number, request: ListRequest, context: ConnectionContext): Promise<string> {
    this.#tell(this.#components[layer]!, questionText("default_export", request), context.tell);
    const filter = this.#filters[layer];
    if (filter === undefined) {
      const { definition, state } = this.#plugin;
      return checkedName(definition.name, (await definition.defaultExport?.(state, request)) ?? "");
    }
    const { definition, state } = filter;
    const next = (asked: ListRequest): Promise<string> => this.#defaultFrom(layer + 1, asked, context);
    if (definition.defaultExport === undefined) return next(request);
    return checkedName(definition.name, await definition.defaultExport(next, state, request));
  }

  async #openFrom(layer: number, asked: OpenRequest, context: ConnectionContext): Promise<Handle> {
    const component = this.#components[layer]!;
    // What "" stands for is for each layer to say: the default of a filter may be the default of the next layer.
    const exportName = asked.exportName || (await this.#defaultFrom(layer, asked, context));
    const request = { ...asked, exportName };
    this.#tell(component, openText(request), context.tell);
    const handle = await this.#openLayer(layer, request, context);
    const { controlPath, dataPath } = this.#tracing;
    if (!controlPath && !dataPath) return handle;
    return traced(handle, component.definition.name, this.#tracing, context.tell);
  }

  async #openLayer(layer: number, request: OpenRequest, context: ConnectionContext): Promise<Handle> {
    const filter = this.#filters[layer];
    if (filter === undefined) return openPlugin(this.#plugin, request);
    const next = async (asked: OpenRequest): Promise<Handle> =>
      reportProgress(await this.#openFrom(layer + 1, asked, context), this.progress);
    return openFilter(filter, next, request);
  }

  /** No request comes any more; those in flight need not wait for time to pass. */
  stop(): void {
    this.#stopping.abort(new NbdError("ESHUTDOWN", "the server is stopping"));
  }

  /** From the outside in, so that no layer outlives what it rests on. */
  async cleanup(): Promise<void> {
    for (const component of this.#components) {
      this.#tell(component, "cleanup");
      await this.#end(component, "cleanup");
    }
  }

  async unload(): Promise<void> {
    for (const component of this.#components) {
      this.#tell(component, component === this.#plugin ? "unload plugin" : "unload filter");
      await this.#end(component, "unload");
    }
  }

  /** The step of `cleanup` or `unload` that is under way, for a message. */
  get ending(): string {
    return this.#ending;
  }

  async #end(component: Component, step: "cleanup" | "unload"): Promise<void> {
    this.#ending = `${component.definition.name}: ${step}`;
    await component.quietly(step);
    this.progress.made();
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
    const hints = [...candidates].reverse().map(({ definition: { name, parameters = {} } }) => {
      const known = Object.keys(parameters).map((parameter) => `${parameter}=`);
      return `${name} takes ${known.join(" ") || "none"}`;
    });
    throw new NbdError("EINVAL", `unknown parameter '${key}': ${hints.join(", ")}`);
  }

  #tell({ definition }: Component, step: string, tell: Tell = this.#told): void {
    if (this.#tracing.controlPath) tell(`${definition.name}: ${step}`);
  }
}
