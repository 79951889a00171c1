import { setImmediate } from "node:timers/promises";
import type { Handle } from "../../contract/handle.ts";
import type { Host } from "../../contract/plugin.ts";
import { messageOf } from "../../core/errors.ts";
import { requestUnitOf } from "../../served/block-size.ts";

// One loop prefetches for all clients, one request after another, through the connection of any client. It
// runs while a client is connected and the scan has not reached its end, and lets the event loop serve
// requests after each prefetch. A client that leaves waits for the prefetch that uses its connection.

export interface ScanOptions {
  /** A scan that was interrupted goes on where it was. */
  readonly clock: boolean;
  readonly forever: boolean;
  readonly requestBytes: number;
  readonly host: Host;
}

interface Client {
  readonly size: bigint;
  readonly unit: number;
  readonly cache: NonNullable<Handle["cache"]>;
}

interface Prefetch {
  readonly client: Client;
  readonly offset: bigint;
  readonly length: number;
}

/** Prefetches a disk from its start to its end, while clients are connected. */
export class Scanner {
  readonly #options: ScanOptions;
  readonly #clients: Set<Client> = new Set();
  /** Everything before it has been prefetched or skipped. */
  #position = 0n;
  #prefetch: { readonly client: Client; readonly done: Promise<void> } | undefined;
  #running: Promise<void> | undefined;

  constructor(options: ScanOptions) {
    this.#options = options;
  }

  /**
   * Scans also for a client that has connected.
   *
   * @returns call it when the client has gone; resolves when no prefetch uses its connection
   */
  join(next: Handle, cache: Client["cache"]): () => Promise<void> {
    const client: Client = { size: next.size, unit: requestUnitOf(next), cache };
    if (this.#clients.size === 0 && !this.#options.clock) this.#position = 0n;
    this.#clients.add(client);
    this.#running ??= this.#run();
    return async () => {
      this.#clients.delete(client);
      if (this.#prefetch?.client === client) await this.#prefetch.done;
    };
  }

  /** Skips to the end of a read that begins after the position of the scan. */
  reading(offset: bigint, length: number): void {
    if (offset > this.#position) this.#position = offset + BigInt(length);
  }

  /** Resolves when the loop has ended; call it when all clients have gone. */
  async finished(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // The client's first requests come before the scan.
    await setImmediate();
    for (let range = this.#next(); range !== undefined; range = this.#next()) {
      const done = this.#cache(range);
      this.#prefetch = { client: range.client, done };
      await done;
      this.#prefetch = undefined;
      await setImmediate();
    }
    this.#running = undefined;
  }

  #next(): Prefetch | undefined {
    const { forever, requestBytes, host } = this.#options;
    const [client] = this.#clients;
    if (client === undefined || host.stopping.aborted) return undefined;
    if (this.#position >= client.size && forever) this.#position = 0n;
    if (this.#position >= client.size) return undefined;
    // A read that ended inside a block may have set the position.
    const offset = this.#position - (this.#position % BigInt(client.unit));
    const left = client.size - offset;
    const bytes = Math.max(requestBytes, client.unit);
    const length = left < bytes ? Number(left) : bytes;
    this.#position = offset + BigInt(length);
    return { client, offset, length };
  }

  async #cache({ client, offset, length }: Prefetch): Promise<void> {
    try {
      await client.cache(offset, length);
    } catch (error) {
      // Not an error for the client: its read of these bytes fails again and reports the error.
      const { host } = this.#options;
      if (host.verbose) host.debug(`scan: prefetch failed: ${messageOf(error)}`);
    }
  }
}
