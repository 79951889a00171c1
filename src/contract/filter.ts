import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Handle, HandleChanges } from "./handle.ts";
import type { Parameters, Values } from "./parameter.ts";
import type { Client, ExportItem, Host, ListRequest, OpenRequest, ThreadModel } from "./plugin.ts";

/**
 * A layer over a plugin or another filter (nbdkit-filter(3)). It states only what it changes; the rest
 * passes through to the next layer.
 */
// biome-ignore lint/suspicious/noExplicitAny: the state goes back only to the filter that made it
export interface Filter<P extends Parameters = Parameters, State = any> {
  readonly name: string;
  readonly longname?: string;
  readonly description?: string;
  readonly version?: string;
  readonly parameters?: P;
  readonly debugFlags?: readonly string[];
  /**
   * The strictest thread model that the filter itself needs; a function where that depends on the configuration, or on
   * what the layers below need. Default parallel.
   */
  readonly threadModel?: ThreadModel | ((state: State, below: ThreadModel) => ThreadModel);

  load?(): MaybePromise<void>;
  dumpPlugin?(): MaybePromise<Readonly<Record<string, string>>>;
  configComplete?(values: Values<P>, host: Host): MaybePromise<State>;
  /** @param threadModel of the whole chain */
  getReady?(state: State, host: Host, threadModel: ThreadModel): MaybePromise<void>;
  afterFork?(state: State, host: Host): MaybePromise<void>;
  preconnect?(state: State, client: Client): MaybePromise<void>;
  /** @param onlyDefault the list of what clients of this filter get for "": empty where that fails */
  listExports?(
    next: ListExports,
    state: State,
    request: ListRequest,
    onlyDefault: ListExports,
  ): MaybePromise<readonly ExportItem[]>;
  defaultExport?(next: DefaultExport, state: State, request: ListRequest): MaybePromise<string>;
  /**
   * Opens the next layer with `next`, where that is not just to be done with the same request: with another one, later,
   * again, or not at all. What it returns is what `open` wraps, and what is closed in the end.
   */
  openNext?(next: OpenNext, state: State, request: OpenRequest): MaybePromise<Handle>;
  /** Wraps what the next layer opened. A member that is set to `undefined` takes that ability away. */
  open?(next: Handle, state: State, request: OpenRequest): MaybePromise<HandleChanges>;
  cleanup?(state: State): MaybePromise<void>;
  unload?(state: State): MaybePromise<void>;
}

export type ListExports = (request: ListRequest) => MaybePromise<readonly ExportItem[]>;
export type OpenNext = (request: OpenRequest) => MaybePromise<Handle>;
export type DefaultExport = (request: ListRequest) => MaybePromise<string>;

/** Says that a value is a filter and lets the compiler derive the types of its parameters. */
export function defineFilter<P extends Parameters, State = Values<P>>(
  filter: Filter<P, State>,
): NoInfer<Filter<P, State>> {
  return filter;
}
