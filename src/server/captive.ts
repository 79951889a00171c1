import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { messageOf } from "../core/errors.ts";
import { shellQuote } from "../core/shell.ts";
import { hasTerminal, type Process } from "../processes/list.ts";
import { maySignal, signalSurvivors, signalTree } from "../processes/tree.ts";
import { type Launch, stdioWith, stillInherited } from "./launch.ts";
import type { Endpoint } from "./listener.ts";
import type { ServerTls } from "./tls.ts";
import { serverUri } from "./uri.ts";

/** What --run runs, and the name that its URI carries (nbdkit-captive(1)). */
export interface CaptiveOptions {
  readonly command: string;
  readonly exportName: string;
  /** The one that we were given ourselves. */
  readonly environment: NodeJS.ProcessEnv;
  readonly tls: ServerTls;
  /** What we were given for it; without, it gets `stdio`. */
  readonly launch?: Launch;
  readonly stdio?: StdioOptions;
  /** Is told what became of a command that did not end by itself. */
  report(message: string): void;
}

/** A command that was told to end and has not done so within this time is ended hard. */
export const captiveGraceMs = 10_000;

/** From the terminal the command has it already, and may live on: Ctrl-C in an interactive client is the client's. */
export function isTyped(signal: NodeJS.Signals): boolean {
  return (signal === "SIGINT" || signal === "SIGQUIT") && hasTerminal();
}

/** The command of --run while it lives. */
export class Captive {
  /** The exit status of the command as a shell would have it: 128+N when signal N killed it. Never rejects. */
  readonly finished: Promise<number>;
  readonly child: ChildProcess;
  #grace: NodeJS.Timeout | undefined;
  #told: readonly Process[] = [];
  #abandoned = false;

  /** Starts the command; the server must be listening. */
  constructor(options: CaptiveOptions, endpoint: Endpoint) {
    const { launch, report } = options;
    const script = `${limits(launch)}${variables(options, endpoint)}${options.command}`;
    this.child = spawn("/bin/sh", ["-c", script], {
      stdio: options.stdio ?? stdioWith(launch === undefined ? [] : stillInherited(launch)),
      env: options.environment,
    });
    this.finished = new Promise((resolve) => {
      this.child.once("error", (error) => {
        report(`error: cannot run the command of --run: ${messageOf(error)}`);
        resolve(1);
      });
      this.child.once("exit", (code, signal) => {
        clearTimeout(this.#grace);
        // Background jobs of a shell ignore SIGINT and SIGQUIT, but nothing may outlive a command that was told to end.
        signalSurvivors(this.#told, "SIGTERM");
        if (signal !== null && !this.#abandoned) {
          report(`external command was killed by signal ${constants.signals[signal]}`);
        }
        resolve(code ?? 128 + constants.signals[signal!]);
      });
    });
  }

  /**
   * Passes a signal that was meant to end us on to the command and all that it started; the server goes on until
   * the command has ended. The second one, or {@link captiveGraceMs}, kills.
   * @returns false when it is beyond our reach: it is still the user who started us, and we are not (-u)
   */
  tellToEnd(signal: NodeJS.Signals): boolean {
    if (!this.#lives) return true;
    if (!maySignal(this.child.pid!)) return false;
    const impatient = this.#grace !== undefined;
    this.#grace ??= setTimeout(() => this.#signalAll("SIGKILL"), captiveGraceMs);
    this.#signalAll(impatient ? "SIGKILL" : signal);
    return true;
  }

  /** Something of ours failed: what was started must end, and what becomes of it does not matter. */
  async abandon(): Promise<void> {
    this.#abandoned = true;
    if (this.tellToEnd("SIGTERM")) await this.finished;
  }

  get #lives(): boolean {
    const { pid, exitCode, signalCode } = this.child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  #signalAll(signal: NodeJS.Signals): void {
    if (this.#lives) this.#told = signalTree(this.child.pid!, signal);
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
    tls: { off: "", on: "1", require: "2" }[tls.mode],
    tls_certificates: tls.certificates ?? "",
    tls_psk: tls.psk ?? "",
  };
  const lines = Object.entries(values).map(
    ([name, value]) => `${name}=${value === "" ? "" : shellQuote(value)}\n`,
  );
  return `${lines.join("")}nbd="$uri"\n`;
}
