import { Chain } from "../chain/chain.ts";
import type { Trust } from "../chain/guard.ts";
import type { Host, OpenRequest } from "../contract/plugin.ts";
import { disposeBy } from "../core/dispose.ts";
import { loadComponents } from "../registry/assemble.ts";
import { ServedExport } from "../served/served-export.ts";
import { sharedAbort } from "../served/shared-abort.ts";
import type { SessionOptions } from "./subject.ts";
import type { Watch } from "./watch.ts";

/** Runs the lifecycle of a plugin as a server does, without a server and without sockets. */
export class TestedChain {
  readonly debugLines: string[];
  readonly chain: Chain;
  readonly #exportName: string;
  readonly #opened: Set<ServedExport> = new Set();

  private constructor(chain: Chain, exportName: string, debugLines: string[]) {
    this.chain = chain;
    this.#exportName = exportName;
    this.debugLines = debugLines;
  }

  /**
   * @param watch wraps the plugin and the filters
   * @throws NbdError with one line, as the command prints it
   */
  static async start(options: SessionOptions, watch?: Watch): Promise<TestedChain> {
    const { exportName = "", debugFlags = {}, filters = [] } = options;
    const debugLines: string[] = [];
    const host: Omit<Host, "stopping"> = {
      verbose: true,
      error: (line) => void debugLines.push(line),
      debug: (line) => void debugLines.push(line),
      debugFlag: (flag) => debugFlags[flag] ?? 0,
      stdioSafe: false,
      shutdown: () => {},
    };
    const loaded = await loadComponents(options.plugin, filters);
    const plugin = loaded.plugin.definition;
    const layers = loaded.filters.map(({ definition }) => definition);
    const chain = new Chain(
      watch?.plugin(plugin) ?? plugin,
      layers.map((filter) => watch?.filter(filter) ?? filter),
      () => host,
      undefined,
      undefined,
      // Trust "memory" keeps the guard from clearing read buffers, so that bytes that a read does not fill
      // are found.
      (): Trust => "memory",
    );
    for (const [key, text] of loaded.plugin.implied ?? []) chain.configLayer(layers.length, key, text);
    for (const [key, given] of Object.entries(options.parameters)) {
      for (const text of typeof given === "string" ? [given] : given) chain.config(key, text);
    }
    await chain.configComplete();
    await chain.getReady();
    await chain.afterFork();
    return new TestedChain(chain, exportName, debugLines);
  }

  /** Opens the export as a new client does. */
  async open(wanted: Partial<OpenRequest> = {}): Promise<ServedExport> {
    const request: OpenRequest = {
      readOnly: false,
      exportName: this.#exportName,
      tls: false,
      signal: sharedAbort().signal,
      disconnect: () => {},
      ...wanted,
    };
    await this.chain.preconnect(request);
    const disk = new ServedExport(await this.chain.open(request), request.readOnly);
    this.#opened.add(disk);
    return disk;
  }

  async close(disk: ServedExport): Promise<void> {
    this.#opened.delete(disk);
    await disk.close();
  }

  /** Ends the session; `await using` calls it. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  static {
    disposeBy(TestedChain, (session) => session.end());
  }

  async end(): Promise<void> {
    for (const disk of this.#opened) await this.close(disk);
    await this.chain.cleanup();
    await this.chain.unload();
  }
}
