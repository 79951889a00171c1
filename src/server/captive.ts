import { shellQuote } from "../core/shell.ts";
import { hasTerminal } from "../processes/list.ts";
import type { Command, Ending } from "./command.ts";
import type { Keeper } from "./keeper.ts";
import type { Launch } from "./launch.ts";
import type { Endpoint } from "./listener.ts";
import type { ServerTls } from "./tls.ts";
import { serverUri } from "./uri.ts";

/** The server that a command uses, for its shell variables (nbdkit-captive(1)). */
export interface ServerOfCommand {
  readonly endpoint: Endpoint;
  /** The export name in the URI. */
  readonly exportName: string;
  readonly tls: ServerTls;
}

/** What --run runs. */
export interface CommandOptions {
  readonly command: string;
  readonly launch?: Launch;
  /** Called with a message when the command failed to start, was killed, or left processes. */
  report(message: string): void;
}

/**
 * True for Ctrl-C and Ctrl-\ on a terminal: the kernel sends them to the command too, which may handle them
 * and continue.
 */
export function isTyped(signal: NodeJS.Signals): boolean {
  return (signal === "SIGINT" || signal === "SIGQUIT") && hasTerminal();
}

/** The running command of --run. */
export class Captive {
  /**
   * The exit status of the command as a shell reports it: 128+N when signal N killed it. After {@link
   * requestEnd} it also waits for all processes that the command started. Never rejects.
   */
  readonly finished: Promise<number>;
  readonly command: Command;
  readonly #report: (message: string) => void;
  #wasSignalled = false;
  #abandoned = false;

  /** Starts the command; the server must be listening. */
  constructor(keeper: Keeper, { launch, report, command }: CommandOptions, server: ServerOfCommand) {
    this.#report = report;
    this.command = keeper.run(`${limits(launch)}${variables(server)}${command}`);
    this.finished = this.command.ended.then((ending) => this.#statusOf(ending));
  }

  /**
   * Forwards a quit signal to the command and all processes that it started. The server continues until the
   * command has ended. A second signal, or {@link endGraceMs}, kills the command.
   * @returns false when the command runs as another user (sudo), so that this process may not signal it
   */
  requestEnd(signal: NodeJS.Signals): Promise<boolean> {
    const isFirst = !this.#wasSignalled;
    this.#wasSignalled = true;
    return this.command.end(isFirst ? signal : "SIGKILL");
  }

  /** Ends the command, if it still runs, without a report of its signal. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    if (await this.requestEnd("SIGTERM")) await this.finished;
  }

  #statusOf(ending: Ending): number {
    if (ending.kind === "failed") {
      this.#report(`error: ${ending.message}`);
      return 1;
    }
    if (ending.isLeft)
      this.#report(
        "error: processes that the command of --run started are still there: they run as another user, or wait for a device",
      );
    if (ending.kind === "exited") return ending.code;
    if (!this.#abandoned) this.#report(`external command was killed by signal ${ending.signal}`);
    return 128 + ending.signal;
  }
}

/**
 * Restores the soft limit of descriptors, which Node has raised: programs that use select(2) need the lower
 * one.
 */
function limits(launch: Launch | undefined): string {
  return launch?.descriptorLimit === undefined ? "" : `ulimit -Sn ${launch.descriptorLimit}\n`;
}

/** Shell variables, as nbdkit sets them: assigned, not exported, one per line, before the command itself. */
function variables({ endpoint, exportName, tls }: ServerOfCommand): string {
  const values = {
    uri: serverUri(endpoint, exportName, tls) ?? "",
    exportname: exportName,
    port: "port" in endpoint ? String(endpoint.port) : "",
    unixsocket: endpoint.kind === "unix" ? endpoint.path : "",
    tls_certificates: tls.named?.certificates ?? "",
    tls_psk: tls.named?.psk ?? "",
  };
  const lines = Object.entries(values).map(
    ([name, value]) => `${name}=${value === "" ? "" : shellQuote(value)}\n`,
  );
  const level = { off: "unset tls", on: "tls=1", require: "tls=2" }[tls.mode];
  return `${lines.join("")}${level}\nnbd="$uri"\n`;
}
