import type { ListRequest } from "../contract/plugin.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Tell } from "./trace.ts";

/** What a chain keeps for one connection: where its debug lines go, and the default exports that it has been told. */
export class ConnectionContext {
  readonly tell: Tell;
  readonly #defaultExports = new Map<string, string>();

  constructor(tell: Tell) {
    this.tell = tell;
  }

  /** Each layer is asked once, and once more under TLS, as the client is a known one then. */
  async defaultExport(layer: number, { tls }: ListRequest, ask: () => MaybePromise<string>): Promise<string> {
    const key = `${layer} ${tls}`;
    const known = this.#defaultExports.get(key);
    if (known !== undefined) return known;
    const name = await ask();
    this.#defaultExports.set(key, name);
    return name;
  }
}
