import { logText } from "../core/log-text.ts";
import { native } from "../native/load.ts";
import { LogFile } from "./log-file.ts";
import { writeStderr } from "./stderr.ts";

/** --log: an absolute path, or one of these words (nbdkit-service(1), "Logging"). */
export type LogDestination = "default" | "stderr" | "syslog" | "null" | `/${string}`;

/** The destination of a server's errors. */
export interface ErrorSink {
  /**
   * @param subject the plugin, filter or connection that the error is about, as `memory[1]`; "" for the
   * server itself
   */
  write(subject: string, message: string): void;
  /** True while errors go to stderr. */
  readonly isStderr: boolean;
  /** Call it when the server has gone to the background, where its stderr is closed. */
  movedToBackground?(): void;
  /** Opens the log file again under the same name, after log rotation (SIGHUP). */
  reopen?(): void;
}

/**
 * @param program the prefix of each line on stderr or in a file; the system log has its own prefix
 * @throws NbdError when the file cannot be opened
 */
export function openErrorSink(destination: LogDestination, program: string): ErrorSink {
  const line = (subject: string, message: string): string =>
    `${logText(`${program}: ${subject === "" ? "" : `${subject}: `}error: ${message}`)}\n`;
  const stderr: ErrorSink = {
    isStderr: true,
    write: (subject, message) => writeStderr(line(subject, message)),
  };
  switch (destination) {
    case "default":
      return defaultSink(stderr, systemLog(program));
    case "stderr":
      return stderr;
    case "syslog":
      return systemLog(program);
    case "null":
      return { isStderr: false, write: () => {} };
    default: {
      const file = new LogFile(destination);
      return {
        isStderr: false,
        write: (subject, message) => file.write(line(subject, message)),
        reopen: () => file.reopen(),
      };
    }
  }
}

/** Writes to stderr until the server goes to the background, then to the system log. */
function defaultSink(stderr: ErrorSink, system: ErrorSink): ErrorSink {
  let sink = stderr;
  return {
    get isStderr() {
      return sink.isStderr;
    },
    write: (subject, message) => sink.write(subject, message),
    movedToBackground: () => {
      sink = system;
    },
  };
}

/** The system log. syslogd adds the prefix `nbdkit[PID]: `; with --name the name follows. */
function systemLog(program: string): ErrorSink {
  const parts = program === "nbdkit" ? [] : [program];
  return {
    isStderr: false,
    write: (subject, message) =>
      native().systemLog(logText([...parts, ...(subject === "" ? [] : [subject]), message].join(": "))),
  };
}
