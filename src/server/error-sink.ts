import { logText } from "../core/log-text.ts";
import { native } from "../native/load.ts";
import { LogFile } from "./log-file.ts";
import { writeStderr } from "./stderr.ts";

/** --log: an absolute path, or one of these words (nbdkit-service(1), "Logging"). */
export type LogDestination = "default" | "stderr" | "syslog" | "null" | `/${string}`;

/** Where the errors of a server go. */
export interface ErrorSink {
  /** @param subject who it is about, as `memory[1]`; "" for the server itself */
  write(subject: string, message: string): void;
  /** What is written now can be read on stderr. */
  readonly isStderr: boolean;
  /** Whoever started the server has stopped listening on its stderr. */
  movedToBackground?(): void;
  /** Begins anew under the same name, after a log has been moved aside (SIGHUP). */
  reopen?(): void;
}

/**
 * @param program what begins each line of a stream or file; the system log has its own beginning
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

/** stderr as long as somebody listens there, then the system log. */
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

/** The daemon of the system adds `nbdkit[PID]: `; with --name the name follows. */
function systemLog(program: string): ErrorSink {
  const parts = program === "nbdkit" ? [] : [program];
  return {
    isStderr: false,
    write: (subject, message) =>
      native().systemLog(logText([...parts, ...(subject === "" ? [] : [subject]), message].join(": "))),
  };
}
