import { connect, type NbdClient } from "../../../client/index.ts";
import { codeOf, NbdError } from "../../../core/errors.ts";
import { Connections } from "./connections.ts";
import type { Destination } from "./endpoint.ts";

/** An NBD export as destination. */
export class NbdDestination implements Destination {
  readonly name: string;
  readonly unwritten = "may have its old contents";
  readonly size: bigint;
  readonly minimumBlock: number;
  readonly preferredBlock: number;
  readonly connectionsMax: number;
  readonly sequential = false;
  readonly startsZero = false;
  readonly #first: NbdClient;
  readonly #connections: Connections;
  #canZero: boolean;

  /** @throws NbdError EPERM for a read-only export */
  static async open(uri: string): Promise<NbdDestination> {
    const first = await connect(uri, { metaContexts: [] });
    if (!first.readOnly) return new NbdDestination(first);
    await first.close();
    throw new NbdError("EPERM", `${first.uri}: the export is read-only`);
  }

  private constructor(first: NbdClient) {
    this.#first = first;
    this.#connections = new Connections(first);
    this.name = first.uri;
    this.size = first.size;
    this.minimumBlock = first.blockSize?.minimum ?? 1;
    this.preferredBlock = first.blockSize?.preferred ?? 4096;
    this.connectionsMax = this.#connections.max;
    this.#canZero = first.capabilities.canZero;
  }

  openConnections(count: number): Promise<void> {
    return this.#connections.open(count);
  }

  async prepare(): Promise<void> {}

  write(bytes: Buffer, offset: bigint, connection: number): Promise<void> {
    return this.#connections.get(connection).write(offset, bytes);
  }

  async zero(offset: bigint, length: bigint, allocate: boolean, connection: number): Promise<boolean> {
    if (!this.#canZero) return false;
    try {
      await this.#connections.get(connection).zero(offset, length, { noHole: allocate });
      return true;
    } catch (error) {
      if (codeOf(error) !== "ENOTSUP") throw error;
      this.#canZero = false;
      return false;
    }
  }

  /**
   * One flush covers all connections: several connections are used only if the server supports multi-conn.
   */
  async flush(): Promise<void> {
    if (this.#first.capabilities.canFlush) await this.#first.flush();
  }

  finish(): Promise<void> {
    return this.#connections.close();
  }

  destroy(): void {
    this.#connections.destroy();
  }
}
