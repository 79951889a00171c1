import type { Log } from "../core/log.ts";
import { debugText } from "../core/log-text.ts";
import type { ErrorSink } from "./error-sink.ts";
import { writeStderr } from "./stderr.ts";

/** What all logs of one server share. */
export interface LogSettings {
  readonly verbose: boolean;
  /** Prefix of each line: `nbdkit`, or `nbdkit[NAME]` with --name. */
  readonly program: string;
  /** Destination of errors. Debug lines always go to stderr (nbdkit-service(1), "Logging"). */
  readonly errors: ErrorSink;
}

/** Log lines in nbdkit's format: `nbdkit: error: ...`, `nbdkit: memory[1]: debug: ...`. */
export class ServerLog implements Log {
  readonly settings: LogSettings;
  readonly #subject: string;

  /** @param subject a plugin, a filter or a connection; "" for the server itself */
  constructor(settings: LogSettings, subject = "") {
    this.settings = settings;
    this.#subject = subject;
  }

  get verbose(): boolean {
    return this.settings.verbose;
  }

  error(message: string): void {
    this.settings.errors.write(this.#subject, message);
  }

  debug(message: string): void {
    if (!this.verbose) return;
    const subject = this.#subject === "" ? "" : `${this.#subject}: `;
    writeStderr(`${debugText(`${this.settings.program}: ${subject}debug: ${message}`)}\n`);
  }

  named(subject: string): Log {
    return new ServerLog(this.settings, subject);
  }
}
