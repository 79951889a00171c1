import type { NbdClient } from "../../client/index.ts";

/** A connection to the remote server. */
export interface Connection {
  readonly client: NbdClient;
  /** Resolves when the connection is closed and the server of command= has exited. */
  readonly finished: Promise<unknown>;
}
