import { Chain } from "../backend/chain.ts";
import type { AnyFilter, AnyPlugin } from "../backend/component.ts";
import type { Host, OpenRequest } from "../backend/plugin.ts";
import { ServedExport } from "../backend/served-export.ts";
import { sharedAbort } from "../backend/shared-abort.ts";
import { disposeBy } from "../core/dispose.ts";

export interface SessionOptions {
  readonly plugin: AnyPlugin;
  /** As on the command line; several values for a key that is given several times. */
  readonly parameters: Readonly<Record<string, string | readonly string[]>>;
  /** Outermost first. */
  readonly filters?: readonly AnyFilter[];
  readonly exportName?: string;
  /** -D PLUGIN.FLAG=N */
  readonly debugFlags?: Readonly<Record<string, number>>;
}

/** A plugin that is being served to nobody: the server's life around it, without a server. */
export class Session {
  readonly debugLines: string[] = [];
  readonly chain: Chain;
  readonly #exportName: string;
  readonly #opened: Set<ServedExport> = new Set();

  private constructor({ plugin, filters = [], exportName = "", debugFlags = {} }: SessionOptions) {
    const host: Omit<Host, "stopping"> = {
      verbose: true,
      error: (line) => void this.debugLines.push(line),
      debug: (line) => void this.debugLines.push(line),
      debugFlag: (flag) => debugFlags[flag] ?? 0,
      stdioSafe: false,
      shutdown: () => {},
    };
    this.chain = new Chain(plugin, filters, () => host);
    this.#exportName = exportName;
  }

  static async start(options: SessionOptions): Promise<Session> {
    const session = new Session(options);
    const { chain } = session;
    await chain.load();
    for (const [key, given] of Object.entries(options.parameters)) {
      for (const text of typeof given === "string" ? [given] : given) chain.config(key, text);
    }
    await chain.configComplete();
    await chain.getReady();
    await chain.afterFork();
    return session;
  }

  /** What a new client gets. */
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

  /** `await using` calls it: as `end`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  static {
    disposeBy(Session, (session) => session.end());
  }

  async end(): Promise<void> {
    for (const disk of this.#opened) await this.close(disk);
    await this.chain.cleanup();
    await this.chain.unload();
  }
}
