import { checkExportStrings, checkString } from "../contract/export-strings.ts";
import type { Handle } from "../contract/handle.ts";
import type { Client, ExportItem, Host, ListRequest, OpenRequest, ThreadModel } from "../contract/plugin.ts";
import { must } from "../core/assert.ts";
import { messageOf, NbdError } from "../core/errors.ts";
import { Progress } from "../core/progress.ts";
import { applyChanges } from "../kit/apply-changes.ts";
import { sharedAbort } from "../served/shared-abort.ts";
import { checkedExports, checkedName, checkedThreadModel } from "./answers.ts";
import { type AnyFilter, type AnyPlugin, Component } from "./component.ts";
import { ConnectionContext } from "./connection-context.ts";
import { failOnDeadlock } from "./fail-on-deadlock.ts";
import type { Trust } from "./guard.ts";
import { openFilter, openPlugin } from "./open-layer.ts";
import { reportProgress } from "./report-progress.ts";
import { noTracing, openText, questionText, type Trace, type Tracing, traced } from "./trace.ts";

// The order of the layers: index 0 is the outermost filter, and the plugin comes after the last filter. Steps
// that set up (`load`, `configComplete`, `getReady`, `afterFork`) run from the plugin outwards, because a
// layer may rely on the layers below. Requests, `preconnect` and the steps that take down (`cleanup`,
// `unload`) run from the outermost filter inwards.

/** A plugin with its filters. The chain runs their lifecycle and answers as one. */
export class Chain {
  /** Progress of the requests of clients, and of the shutdown. */
  readonly progress: Progress = new Progress();
  readonly #plugin: Component<AnyPlugin>;
  readonly #filters: readonly Component<AnyFilter>[];
  readonly #traceStep: Trace;
  readonly #tracing: Tracing;
  readonly #stopping = sharedAbort();
  #ending = "";

  /**
   * @param plugin the innermost layer
   * @param filters outermost first
   * @param hostFor returns the host of a plugin or filter by its name
   * @param trace receives a line before each step of the lifecycle, in nbdkit's words
   * @param tracing what to trace: steps of the chain go to `trace`, steps of a client go to the client's own
   *   log
   * @param trustIn how far each plugin or filter is trusted
   */
  constructor(
    plugin: AnyPlugin,
    filters: readonly AnyFilter[],
    hostFor: (name: string) => Omit<Host, "stopping">,
    trace: Trace = () => {},
    tracing: Tracing = noTracing,
    trustIn: (definition: AnyPlugin | AnyFilter) => Trust = () => "none",
  ) {
    this.#traceStep = trace;
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

  /** The strictest thread model of all layers. */
  get threadModel(): ThreadModel {
    return this.#threadModelOver(this.#plugin.threadModelOver("parallel"));
  }

  #threadModelOver(plugins: ThreadModel): ThreadModel {
    return this.#filters.reduceRight((below, filter) => filter.threadModelOver(below), plugins);
  }

  /**
   * Gives a parameter to the first layer that declares it, from the outermost filter on. The plugin comes
   * last and refuses unknown keys.
   */
  config(key: string, text: string): void {
    this.#config(this.#components, key, text);
  }

  /** Gives a parameter to one layer: 0 is the outermost filter, and the plugin comes after the last one. */
  configLayer(layer: number, key: string, text: string): void {
    this.#config([this.#component(layer)], key, text);
  }

  /**
   * Returns the plugin's keys for --dump-plugin, and the thread model of the chain. Parameters may have been
   * given before.
   */
  async dumpPlugin(): Promise<Readonly<Record<string, string>>> {
    const { definition, values, host } = this.#plugin;
    const dump = definition.dumpPlugin?.(values, host);
    const keys = (await failOnDeadlock(`${definition.name}'s dumpPlugin`, dump)) ?? {};
    // Where the thread model depends on parameters, the plugin's dumpPlugin returns it.
    const own = this.#plugin.threadModelOver("parallel");
    const model =
      keys.thread_model === undefined ? own : checkedThreadModel(definition.name, keys.thread_model);
    return { ...keys, thread_model: this.#threadModelOver(model) };
  }

  /** Loads from the plugin outwards: each layer may rely on those below it. */
  async load(): Promise<void> {
    for (const { definition } of this.#fromPlugin)
      await failOnDeadlock(`${definition.name}'s load`, definition.load?.());
  }

  async configComplete(): Promise<void> {
    for (const component of this.#fromPlugin) {
      this.#traceIn(component, "config_complete");
      await component.configComplete();
    }
  }

  async getReady(): Promise<void> {
    for (const component of this.#fromPlugin) {
      this.#traceIn(component, "get_ready");
      const { definition, state, host } = component;
      await failOnDeadlock(
        `${definition.name}'s getReady`,
        definition.getReady?.(state, host, this.threadModel),
      );
    }
  }

  async afterFork(): Promise<void> {
    for (const component of this.#fromPlugin) {
      this.#traceIn(component, "after_fork");
      const { definition, state, host } = component;
      await failOnDeadlock(`${definition.name}'s afterFork`, definition.afterFork?.(state, host));
    }
  }

  /** @param context context of the connection; the same one for all calls of a client */
  async preconnect(client: Client, context: ConnectionContext = this.#noConnection): Promise<void> {
    for (const component of this.#components) {
      this.#traceIn(component, "preconnect", context.trace);
      await component.definition.preconnect?.(component.state, client);
    }
  }

  /** @throws NbdError EIO when a name or description is too long for NBD */
  async listExports(
    request: ListRequest,
    context: ConnectionContext = this.#noConnection,
  ): Promise<readonly ExportItem[]> {
    return checkExportStrings(await this.#exportsFrom(0, request, context));
  }

  defaultExport(request: ListRequest, context: ConnectionContext = this.#noConnection): Promise<string> {
    return this.#defaultFrom(0, request, context);
  }

  async open(request: OpenRequest, context: ConnectionContext = this.#noConnection): Promise<Handle> {
    const handle = await this.#openFrom(0, request, context);
    // A second connection waits for the end of the first one, so a client that uses both would wait for ever.
    return this.threadModel === "serialize_connections" ? applyChanges(handle, { multiConn: false }) : handle;
  }

  /** The context for calls outside of any connection. */
  get #noConnection(): ConnectionContext {
    return new ConnectionContext(this.#traceStep);
  }

  async #exportsFrom(
    layer: number,
    request: ListRequest,
    context: ConnectionContext,
  ): Promise<readonly ExportItem[]> {
    this.#traceIn(this.#component(layer), questionText("list_exports", request), context.trace);
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

  /** A list of only the default export; empty when there is none for this client. */
  async #onlyDefault(
    layer: number,
    request: ListRequest,
    context: ConnectionContext,
  ): Promise<readonly ExportItem[]> {
    try {
      return [{ name: await this.#defaultFrom(layer, request, context) }];
    } catch (error) {
      this.#component(layer).host.error(messageOf(error));
      return [];
    }
  }

  #defaultFrom(layer: number, request: ListRequest, context: ConnectionContext): Promise<string> {
    return context.defaultExport(layer, request, async () =>
      checkString("the name of the default export", await this.#askDefault(layer, request, context)),
    );
  }

  async #askDefault(layer: number, request: ListRequest, context: ConnectionContext): Promise<string> {
    this.#traceIn(this.#component(layer), questionText("default_export", request), context.trace);
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
    const component = this.#component(layer);
    // Each layer resolves "" itself: the default of a filter may be the default of the next layer.
    const exportName = asked.exportName || (await this.#defaultFrom(layer, asked, context));
    const request = { ...asked, exportName };
    this.#traceIn(component, openText(request), context.trace);
    const handle = await this.#openLayer(layer, request, context);
    const { controlPath, dataPath } = this.#tracing;
    if (!controlPath && !dataPath) return handle;
    return traced(handle, component.definition.name, this.#tracing, context.trace);
  }

  async #openLayer(layer: number, request: OpenRequest, context: ConnectionContext): Promise<Handle> {
    const filter = this.#filters[layer];
    if (filter === undefined) return openPlugin(this.#plugin, request);
    const next = async (asked: OpenRequest): Promise<Handle> =>
      reportProgress(await this.#openFrom(layer + 1, asked, context), this.progress);
    return openFilter(filter, next, request);
  }

  /** Call it when no new request can arrive. Requests in flight then end their delays early. */
  stop(): void {
    this.#stopping.abort(new NbdError("ESHUTDOWN", "the server is stopping"));
  }

  /** Runs from the outermost filter inwards, so that a layer never outlives the layers it depends on. */
  async cleanup(): Promise<void> {
    for (const component of this.#components) {
      this.#traceIn(component, "cleanup");
      await this.#end(component, "cleanup");
    }
  }

  async unload(): Promise<void> {
    for (const component of this.#components) {
      this.#traceIn(component, component === this.#plugin ? "unload plugin" : "unload filter");
      await this.#end(component, "unload");
    }
  }

  /** The running step of `cleanup` or `unload`, for a message. */
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

  #component(layer: number): Component {
    return must(this.#components[layer]);
  }

  get #fromPlugin(): readonly Component[] {
    return [...this.#components].reverse();
  }

  #config(candidates: readonly Component[], key: string, text: string): void {
    const found = candidates.find((component) => component.config(key, text));
    if (found !== undefined) {
      this.#traceIn(found, `config key=${key}, value=${found.isSecret(key) ? "***" : text}`);
      return;
    }
    const hints = [...candidates].reverse().map(({ definition: { name, parameters = {} } }) => {
      const known = Object.keys(parameters).map((parameter) => `${parameter}=`);
      return `${name} takes ${known.join(" ") || "none"}`;
    });
    throw new NbdError("EINVAL", `unknown parameter '${key}': ${hints.join(", ")}`);
  }

  #traceIn({ definition }: Component, step: string, trace: Trace = this.#traceStep): void {
    if (this.#tracing.controlPath) trace(`${definition.name}: ${step}`);
  }
}
