import type { AnyFilter, AnyPlugin } from "../chain/component.ts";

/** A plugin with its parameters, perhaps under filters. */
export interface SessionOptions {
  /** What `definePlugin` returned, a name such as "memory", or a path, as on the command line. */
  readonly plugin: string | AnyPlugin;
  /** As on the command line; several values for a key that is given several times. */
  readonly parameters: Readonly<Record<string, string | readonly string[]>>;
  /** Outermost first; likewise what `defineFilter` returned, names or paths. */
  readonly filters?: readonly (string | AnyFilter)[];
  readonly exportName?: string;
  /** -D PLUGIN.FLAG=N */
  readonly debugFlags?: Readonly<Record<string, number>>;
}

/**
 * What becomes of changes: they can be read back, they succeed and have no effect, or they fail (some at least) and
 * have no effect.
 */
export type Writes = "kept" | "discarded" | "refused";

/** A plugin, with parameters and perhaps under filters, whose conduct is to be checked. */
export interface Subject extends Omit<SessionOptions, "parameters"> {
  /** Asked before each check; a function where each needs a disk of its own. Default none. */
  readonly parameters?: SessionOptions["parameters"] | (() => SessionOptions["parameters"]);
  /** What becomes of changes. Default "kept". */
  readonly writes?: Writes;
  /** How many random sequences of requests are tried. Default 50. */
  readonly runs?: number;
  /** What happens by chance is the same for the same seed; failures tell it. Default 0. */
  readonly seed?: number;
  /** How many clients may be connected at once. Default 2. */
  readonly connections?: number;
}
