import type { NbdClient } from "../../client/index.ts";

/** A connection to the far server. */
export interface Connection {
  readonly client: NbdClient;
  /** Resolves when it has gone, and all that was started for it. */
  readonly finished: Promise<unknown>;
}
