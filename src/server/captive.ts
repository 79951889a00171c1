import { shellQuote } from "../core/shell.ts";
import { hasTerminal } from "../processes/list.ts";
import type { Command, Ending } from "./command.ts";
import type { Keeper } from "./keeper.ts";
import type { Launch } from "./launch.ts";
import type { Endpoint } from "./listener.ts";
import type { ServerTls } from "./tls.ts";
import { serverUri } from "./uri.ts";

/** What --run runs, and the name that its URI carries (nbdkit-captive(1)). */
export interface CaptiveOptions {
  readonly command: string;
  readonly exportName: string;
  readonly tls: ServerTls;
  readonly launch?: Launch;
  /** Is told what became of a command that did not end by itself. */
  report(message: string): void;
}

/** From the terminal the command has it already, and may live on: Ctrl-C in an interactive client is the client's. */
export function isTyped(signal: NodeJS.Signals): boolean {
  return (signal === "SIGINT" || signal === "SIGQUIT") && hasTerminal();
}

/** The command of --run while it lives. */
export class Captive {
  /**
   * The exit status of the command as a shell would have it: 128+N when signal N killed it. After {@link tellToEnd} it waits for all
   * that the command started. Never rejects.
   */
  readonly finished: Promise<number>;
  readonly command: Command;
  readonly #report: (message: string) => void;
  #wasTold = false;
  #abandoned = false;

  /** Starts the command; the server must be listening. */
  constructor(keeper: Keeper, options: CaptiveOptions, endpoint: Endpoint) {
    const { launch, report, command } = options;
    this.#report = report;
    this.command = keeper.run(`${limits(launch)}${variables(options, endpoint)}${command}`);
    this.finished = this.command.ended.then((ending) => this.#statusOf(ending));
  }

  /**
   * Passes a signal that was meant to end us on to the command and all that it started; the server goes on until
   * the command has ended. The second one, or {@link endGraceMs}, kills.
   * @returns false when it is beyond our reach: it runs as another user (sudo)
   */
  tellToEnd(signal: NodeJS.Signals): Promise<boolean> {
    const isFirst = !this.#wasTold;
    this.#wasTold = true;
    return this.command.end(isFirst ? signal : "SIGKILL");
  }

  /** Something of ours failed: what was started must end, and what becomes of it does not matter. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    if (await this.tellToEnd("SIGTERM")) await this.finished;
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

/** Node has raised this one for itself; programs that use select(2) are better off with the one we were given. */
function limits(launch: Launch | undefined): string {
  return launch?.descriptorLimit === undefined ? "" : `ulimit -Sn ${launch.descriptorLimit}\n`;
}

/** Assigned and not exported, one on a line, so that the command can be all that a script can. */
function variables({ exportName, tls }: CaptiveOptions, endpoint: Endpoint): string {
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
