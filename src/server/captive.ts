import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { shellQuote } from "../core/shell.ts";
import { type Launch, stdioWith, stillInherited } from "./launch.ts";
import type { Endpoint } from "./listen.ts";
import { signalSurvivors, signalTree } from "./process-tree.ts";
import { hasTerminal, type Process } from "./processes.ts";
import type { ServerTls } from "./tls.ts";
import { serverUri } from "./uri.ts";

/** What --run runs, and the name that its URI carries (nbdkit-captive(1)). */
export interface CaptiveOptions {
  readonly command: string;
  readonly exportName: string;
  /** The one that we were given ourselves. */
  readonly environment: NodeJS.ProcessEnv;
  readonly launch: Launch;
  readonly tls: ServerTls;
}

/** A command that was told to end and has not done so within this time is ended hard. */
export const captiveGraceMs = 10_000;

/** The command of --run while it lives. */
export class Captive {
  /** The exit status of the command as a shell would have it: 128+N when signal N killed it. Never rejects. */
  readonly finished: Promise<number>;
  readonly #child: ChildProcess;
  #grace: NodeJS.Timeout | undefined;
  #told: readonly Process[] = [];

  /** Starts the command; the server must be listening. Its stdin, stdout, stderr, and what else we were given, are ours. */
  constructor(options: CaptiveOptions, endpoint: Endpoint) {
    const script = `${variables(options, endpoint)}${options.command}`;
    this.#child = spawn("/bin/sh", ["-c", script], {
      stdio: stdioWith(stillInherited(options.launch)),
      env: options.environment,
    });
    this.finished = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        process.stderr.write(`nbdkit: error: cannot run the command of --run: ${error.message}\n`);
        resolve(1);
      });
      this.#child.once("exit", (code, signal) => {
        clearTimeout(this.#grace);
        // Background jobs of a shell ignore SIGINT and SIGQUIT, but nothing may outlive a command that was told to end.
        signalSurvivors(this.#told, "SIGTERM");
        resolve(statusOf(code, signal));
      });
    });
  }

  /**
   * Passes a signal that was meant to end us on to the command and all that it started; the server goes on until
   * the command has ended. The second one, or {@link captiveGraceMs}, kills.
   */
  tellToEnd(signal: NodeJS.Signals): void {
    // From the terminal the command has it already, and may live on: Ctrl-C in an interactive client is the client's.
    if ((signal === "SIGINT" || signal === "SIGQUIT") && hasTerminal()) return;
    const impatient = this.#grace !== undefined;
    this.#grace ??= setTimeout(() => this.#signalAll("SIGKILL"), captiveGraceMs);
    this.#signalAll(impatient ? "SIGKILL" : signal);
  }

  #signalAll(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    this.#told = signalTree(pid, signal);
  }
}

function statusOf(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code;
  const number = constants.signals[signal!];
  process.stderr.write(`nbdkit: external command was killed by signal ${number}\n`);
  return 128 + number;
}

/** Assigned and not exported, one on a line, so that the command can be all that a script can. */
function variables({ exportName, tls }: CaptiveOptions, endpoint: Endpoint): string {
  const values = {
    uri: serverUri(endpoint, exportName, tls) ?? "",
    exportname: exportName,
    port: endpoint.kind === "tcp" ? String(endpoint.port) : "",
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
