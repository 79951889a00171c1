import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Handle, HandleChanges } from "./handle.ts";
import type { Parameters, Values } from "./parameter.ts";
import type { Client, ExportItem, Host, ListRequest, OpenRequest, ThreadModel } from "./plugin.ts";

/**
 * A layer over a plugin or another filter (nbdkit-filter(3)). A filter defines only what it changes;
 * everything else passes through to the next layer. The server calls the functions in the order in which they
 * are listed. `State` is what `configComplete` returned, or the values of the parameters where there is none.
 */
// biome-ignore lint/suspicious/noExplicitAny: the state goes back only to the filter that made it
export interface Filter<P extends Parameters = Parameters, State = any> {
  /** Letters, digits and dashes; the name on the command line. */
  readonly name: string;
  /** A descriptive name, for --help. */
  readonly longname?: string;
  /** What the filter does, for --help. */
  readonly description?: string;
  /** The version of the filter, for --version and --dump-plugin. */
  readonly version?: string;
  /** The parameters of the filter. Parsing, errors and --help follow from the declaration. */
  readonly parameters?: P;
  /** The names that -D FILTER.FLAG=N accepts; `host.debugFlag` returns the values. */
  readonly debugFlags?: readonly string[];
  /**
   * The strictest thread model that the filter itself needs. It is a function where that depends on the
   * configuration, or on the thread model of the layers below. Default parallel.
   */
  readonly threadModel?: ThreadModel | ((state: State, below: ThreadModel) => ThreadModel);

  /** Runs when the filter has been loaded. */
  load?(): MaybePromise<void>;
  /** Returns extra keys for --dump-plugin. */
  dumpPlugin?(): MaybePromise<Readonly<Record<string, string>>>;
  /**
   * Checks all parameters together and returns the state. Throw an error to refuse the configuration; the
   * message is one line for the user.
   */
  configComplete?(values: Values<P>, host: Host): MaybePromise<State>;
  /**
   * Runs last before the server listens; errors still reach the terminal.
   *
   * @param threadModel thread model of the whole chain
   */
  getReady?(state: State, host: Host, threadModel: ThreadModel): MaybePromise<void>;
  /** Runs in the serving process, after it went to the background: start timers and threads here. */
  afterFork?(state: State, host: Host): MaybePromise<void>;
  /** Runs when a client has connected and has sent nothing yet. Throw an error to refuse the client. */
  preconnect?(state: State, client: Client): MaybePromise<void>;
  /**
   * Returns the list of exports.
   *
   * @param next returns the list of the next layer
   * @param onlyDefault returns the list of only the default export; the list is empty when asking for the
   *   default export fails
   */
  listExports?(
    next: ListExports,
    state: State,
    request: ListRequest,
    onlyDefault: ListExports,
  ): MaybePromise<readonly ExportItem[]>;
  /** Returns the name of the export that "" stands for; `next` returns that of the next layer. */
  defaultExport?(next: DefaultExport, state: State, request: ListRequest): MaybePromise<string>;
  /**
   * Opens the next layer with `next`. Define it to open the next layer with another request, later, several
   * times or not at all. The server passes the returned handle to `open`, and closes it in the end.
   */
  openNext?(next: OpenNext, state: State, request: OpenRequest): MaybePromise<Handle>;
  /**
   * Returns the filter's changes to the handle of the next layer. A member that is `undefined` removes that
   * ability.
   */
  open?(next: Handle, state: State, request: OpenRequest): MaybePromise<HandleChanges>;
  /** Runs when the server stops: connections are closed, the process still runs. */
  cleanup?(state: State): MaybePromise<void>;
  /** Runs last, before the process ends. */
  unload?(state: State): MaybePromise<void>;
}

/** Returns the exports of the next layer. */
export type ListExports = (request: ListRequest) => MaybePromise<readonly ExportItem[]>;
/** Opens the next layer. */
export type OpenNext = (request: OpenRequest) => MaybePromise<Handle>;
/** Returns the name of the default export of the next layer. */
export type DefaultExport = (request: ListRequest) => MaybePromise<string>;

/** Returns the filter unchanged, and lets the compiler derive the types of its parameters. */
export function defineFilter<P extends Parameters, State = Values<P>>(
  filter: Filter<P, State>,
): NoInfer<Filter<P, State>> {
  return filter;
}
