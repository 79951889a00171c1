import type { ListRequest } from "../contract/plugin.ts";
import type { MaybePromise } from "../core/maybe-promise.ts";
import type { Trace } from "./trace.ts";

/**
 * What a chain keeps for one connection: where its trace lines go, and the default exports that the layers
 * have returned.
 */
export class ConnectionContext {
  readonly trace: Trace;
  readonly #defaultExports = new Map<string, string>();

  constructor(trace: Trace) {
    this.trace = trace;
  }

  /**
   * Asks each layer once, and once more under TLS, because the server then knows who the client is and may
   * answer differently.
   */
  async defaultExport(layer: number, { tls }: ListRequest, ask: () => MaybePromise<string>): Promise<string> {
    const key = `${layer} ${tls}`;
    const known = this.#defaultExports.get(key);
    if (known !== undefined) return known;
    const name = await ask();
    this.#defaultExports.set(key, name);
    return name;
  }
}
