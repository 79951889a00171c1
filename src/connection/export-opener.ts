import type { Chain } from "../chain/chain.ts";
import type { ConnectionContext } from "../chain/connection-context.ts";
import type { Client } from "../contract/plugin.ts";
import { messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { ExportInfo } from "../protocol/export-info.ts";
import { ServedExport } from "../served/served-export.ts";
import { exportInfo } from "./export-info.ts";

/** Opens exports for one client. At most one export is open at a time. */
export class ExportOpener {
  readonly #chain: Chain;
  readonly #context: ConnectionContext;
  readonly #readOnly: boolean;
  readonly #log: Log;
  #open: { readonly name: string; readonly exported: ServedExport; readonly info: ExportInfo } | undefined;
  /**
   * The latest call into the plugin. When the client disconnects during the call, resources are released
   * after it.
   */
  #asked: Promise<unknown> | undefined;

  constructor(chain: Chain, context: ConnectionContext, readOnly: boolean, log: Log) {
    this.#chain = chain;
    this.#context = context;
    this.#readOnly = readOnly;
    this.#log = log;
  }

  get exported(): ServedExport | undefined {
    return this.#open?.exported;
  }

  /** Calls the plugin. `release` waits for the call. */
  ask<T>(question: () => Promise<T>): Promise<T> {
    const asked = question();
    this.#asked = asked;
    return asked;
  }

  /** Opens an export and closes the one that was open before. The same name again returns the open export. */
  async open(asked: string, client: Client): Promise<ExportInfo> {
    const name = asked === "" ? await this.#chain.defaultExport(client, this.#context) : asked;
    if (this.#open?.name === name) return this.#open.info;
    await this.close();
    const handle = await this.#chain.open({ ...client, exportName: name }, this.#context);
    const exported = new ServedExport(handle, this.#readOnly, client.signal);
    const info = exportInfo(exported, name);
    this.#open = { name, exported, info };
    // Close here when the client disconnected while the plugin was opening: no later call is certain to close
    // the export.
    if (client.signal.aborted) await this.close();
    return info;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    try {
      await open?.exported.close();
    } catch (error) {
      this.#log.error(`close: ${messageOf(error)}`);
    }
  }

  /** Closes the export after the call into the plugin that is still running. */
  async release(): Promise<void> {
    await this.#asked?.catch(() => {});
    await this.close();
  }
}
