import type { Chain } from "../chain/chain.ts";
import { logText } from "../core/log-text.ts";
import { doubleQuote } from "../core/shell.ts";
import type { Components } from "../registry/assemble.ts";
import { leaveTerminal, releaseStarter } from "./background.ts";
import { CaptiveRun } from "./captive-run.ts";
import { debugFlagWarnings } from "./debug-flags.ts";
import { endWhatIsLeft } from "./end.ts";
import type { Keeper } from "./keeper.ts";
import type { Supervisor } from "./notify.ts";
import { writePidfile } from "./pidfile.ts";
import { type ChangeIdentity, identityStep, lockMemory } from "./privileges.ts";
import type { ProcessOptions } from "./process-options.ts";
import type { Quit } from "./quit.ts";
import { type ReadyMessage, tellStarter } from "./ready.ts";
import type { Server } from "./server.ts";
import { writeStderr } from "./stderr.ts";
import { writeStdout } from "./stdout.ts";

/**
 * The steps that only a process has in the life of its server. `live` calls the methods in the order in which
 * they stand here; each does nothing when no option asks for it.
 */
export class ServerProcess {
  readonly quit: Quit;
  readonly #options: ProcessOptions;
  readonly #changeIdentity: ChangeIdentity | undefined;
  readonly #supervisor: Supervisor | undefined;
  readonly #captive: CaptiveRun;
  #status = 1;

  private constructor(
    options: ProcessOptions,
    quit: Quit,
    changeIdentity: ChangeIdentity | undefined,
    supervisor: Supervisor | undefined,
  ) {
    this.#options = options;
    this.quit = quit;
    this.#changeIdentity = changeIdentity;
    this.#supervisor = supervisor;
    this.#captive = new CaptiveRun(options, quit);
  }

  /** @throws NbdError when the user or group to change to does not exist */
  static async prepare(options: ProcessOptions, quit: Quit): Promise<ServerProcess> {
    return new ServerProcess(options, quit, await identityStep(options), await findSupervisor(options));
  }

  /** The exit status, once the server has ended. */
  get status(): number {
    return this.#status;
  }

  showComponents(components: Components): void {
    const { log, debugFlags } = this.#options;
    const { plugin, filters } = components;
    if (log.verbose) {
      log.debug(`registered plugin ${plugin.path()} (name ${plugin.definition.name})`);
      for (const { path, definition } of filters)
        log.debug(`registered filter ${path()} (name ${definition.name})`);
    }
    for (const warning of debugFlagWarnings(components, debugFlags))
      writeStderr(`${logText(`${log.settings.program}: warning: ${warning}`)}\n`);
  }

  /** The way of a request, in nbdkit's words: `cow (filter, first) -> memory (plugin, last)`. */
  showOrder({ plugin, filters }: Components): void {
    const layers = [...filters.map((filter) => [filter, "filter"] as const), [plugin, "plugin"] as const];
    const words = layers.map(([{ definition }, kind], index) => {
      const place = index === 0 ? ", first" : index === layers.length - 1 ? ", last" : "";
      return `${definition.name} (${kind}${place})`;
    });
    this.#options.log.debug(`request processing: ${words.join(" -> ")}`);
  }

  showThreadModel({ threadModel }: Chain): void {
    this.#options.log.debug(`using thread model: ${threadModel}`);
  }

  /** The server ends before it has served. */
  endEarly(): void {
    this.#status = this.#captive.statusWithout(this.quit.reason ?? "asked");
  }

  /** From now on, signals end the server in order. */
  signalsEndInOrder(): void {
    this.quit.chainIsReady();
  }

  startGuardian(): Keeper | undefined {
    return this.#captive.startGuardian();
  }

  lockMemory(): void {
    const { swap, user, log } = this.#options;
    if (swap) lockMemory(user, log);
  }

  removeAtExit(server: Server): void {
    process.once("exit", () => server.unlisten());
  }

  /** --print-uri: the URI for programs to read, and for people to copy, in nbdkit's words. */
  printUri({ uri, opened }: Server): void {
    for (const line of opened) this.#options.log.debug(line);
    if (uri === undefined) return;
    this.#options.log.debug(`NBD URI: ${uri}`);
    if (!this.#options.printUri) return;
    const quoted = doubleQuote(uri);
    const query = `Command to query the NBD endpoint:\n  nbdinfo ${quoted}`;
    writeStdout(`${uri}\nShell-quoted URI: ${quoted}\n${query}\n`);
  }

  changeIdentity(server: Server): void {
    if (this.#changeIdentity === undefined) return;
    this.#captive.startAsOriginalUser(server);
    this.#changeIdentity(server.endpoint);
  }

  writePidfile(): void {
    const { pidfile, log } = this.#options;
    if (pidfile === undefined) return;
    writePidfile(pidfile, log);
    log.debug(`written pidfile ${pidfile}`);
  }

  leaveTerminal(): void {
    const { toBackground, log, logTo } = this.#options;
    if (!toBackground) return;
    leaveTerminal(log.verbose || logTo === "stderr");
    log.settings.errors.movedToBackground?.();
    log.debug(`forked into background (new pid = ${process.pid})`);
  }

  releaseStarter(server: Server): void {
    if (this.#options.toBackground) releaseStarter(readyMessage(server));
  }

  /** Tells systemd and a parent process in Node.js that the server accepts clients. */
  tellReady(server: Server): void {
    this.#supervisor?.ready();
    void tellStarter(readyMessage(server));
  }

  startCommand(server: Server): void {
    this.#captive.start(server);
  }

  async untilTheEnd(server: Server): Promise<void> {
    this.#status = await this.#captive.untilTheEnd(server);
  }

  beginToStop(server: Server): void {
    this.#supervisor?.stopping();
    this.quit.stopping(() => server.destroy());
  }

  async abandonCommand(): Promise<void> {
    await this.#captive.abandon();
  }

  closeGuardian(): void {
    this.#captive.closeGuardian();
  }

  endWhatIsLeft(): void {
    endWhatIsLeft();
  }
}

async function findSupervisor({ log }: ProcessOptions): Promise<Supervisor | undefined> {
  if (!process.env.NOTIFY_SOCKET) return undefined;
  const { Supervisor } = await import("./notify.ts");
  return new Supervisor(process.env.NOTIFY_SOCKET, log);
}

function readyMessage({ uri }: Server): ReadyMessage {
  return { type: "ready", pid: process.pid, ...(uri === undefined ? {} : { uri }) };
}
