import type { AnyFilter, AnyPlugin } from "../chain/component.ts";

/** A plugin with its parameters, and filters over it. */
export interface SessionOptions {
  /** The plugin: the result of `definePlugin`, a name such as "memory", or a path, as on the command line. */
  readonly plugin: string | AnyPlugin;
  /** The parameters as on the command line; a list of values for a key that is given several times. */
  readonly parameters: Readonly<Record<string, string | readonly string[]>>;
  /** The filters, outermost first: results of `defineFilter`, names or paths. */
  readonly filters?: readonly (string | AnyFilter)[];
  /** The name of the export that the checks open. Default "". */
  readonly exportName?: string;
  /** The debug flags, as -D PLUGIN.FLAG=N on the command line. */
  readonly debugFlags?: Readonly<Record<string, number>>;
}

/**
 * The effect of changes: "kept" changes can be read back; "discarded" ones succeed without effect; of
 * "refused" ones at least some fail, and none has an effect.
 */
export type Writes = "kept" | "discarded" | "refused";

/** A plugin, with parameters and filters over it, to be checked. */
export interface Subject extends Omit<SessionOptions, "parameters"> {
  /**
   * The parameters; a function where each check needs its own disk, called before each check. Default none.
   */
  readonly parameters?: SessionOptions["parameters"] | (() => SessionOptions["parameters"]);
  /** The effect of changes. Default "kept". */
  readonly writes?: Writes;
  /** The number of random sequences of requests. Default 50. */
  readonly runs?: number;
  /**
   * The seed of random behaviour, which is the same for the same seed; failure messages contain the seed.
   * Default 0.
   */
  readonly seed?: number;
  /** The maximum number of clients at once. Default 2. */
  readonly connections?: number;
}
