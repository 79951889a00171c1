import { spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { failure } from "../../contract/failure.ts";
import type { Host } from "../../contract/plugin.ts";
import { timestamp } from "../../contract/timestamp.ts";
import { codeOf, messageOf } from "../../core/errors.ts";
import { isPromise, type MaybePromise } from "../../core/maybe-promise.ts";
import { printableWord } from "../../core/printable.ts";
import { doubleQuote } from "../../core/shell.ts";

/** A log entry. It has an id if it has an ENTER and a LEAVE line. */
export interface Act {
  readonly name: string;
  /** The number of the connection, for entries that belong to one. */
  readonly connection?: number;
  readonly id?: number;
}

/** The name=value pairs of an entry, in order. A list is written in shell syntax. */
export type Fields = Readonly<Record<string, string | List>>;

/** Words that are already quoted. */
export interface List {
  readonly words: readonly string[];
}

type Type = "ENTER" | "LEAVE" | "PRINT";

/** Writes log entries to a file, to a script, to both, or to neither. */
export class Journal {
  #fd: number | undefined;
  readonly #script: string | undefined;
  readonly #host: Host;

  constructor(script: string | undefined, host: Host) {
    this.#script = script;
    this.#host = host;
  }

  /** Opens the log file; `close` closes it. */
  open(file: string, append: boolean): void {
    try {
      this.#fd = openSync(file, append ? "a" : "w");
    } catch (error) {
      throw failure("open", file, error);
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }

  /** Logs an event with one line. */
  print(act: Act, fields: Fields): MaybePromise<void> {
    return this.#write(act, "PRINT", fields);
  }

  /** Logs a call with a line before and a line after it. The call waits until the script has run. */
  logCall<Result>(
    act: Act,
    fields: Fields,
    perform: () => MaybePromise<Result>,
    described: (result: Result) => Fields,
  ): MaybePromise<Result> {
    const entered = this.#write(act, "ENTER", fields);
    return isPromise(entered)
      ? entered.then(() => this.#perform(act, perform, described))
      : this.#perform(act, perform, described);
  }

  #perform<Result>(
    act: Act,
    perform: () => MaybePromise<Result>,
    described: (result: Result) => Fields,
  ): MaybePromise<Result> {
    const left = (result: Result): MaybePromise<Result> => {
      const written = this.#write(act, "LEAVE", { ...described(result), return: "0" });
      return isPromise(written) ? written.then(() => result) : result;
    };
    const failed = (error: unknown): MaybePromise<never> => {
      const written = this.#write(act, "LEAVE", { return: "-1", error: loggedCode(codeOf(error)) });
      if (isPromise(written)) return written.then(() => Promise.reject(error));
      throw error;
    };
    let result: MaybePromise<Result>;
    try {
      result = perform();
    } catch (error) {
      return failed(error);
    }
    return isPromise(result) ? result.then(left, failed) : left(result);
  }

  #write(act: Act, type: Type, fields: Fields): MaybePromise<void> {
    if (this.#fd !== undefined) writeSync(this.#fd, `${timestamp()} ${lineOf(act, type, fields)}\n`);
    if (this.#script !== undefined) return this.#run(this.#script, act, type, fields);
  }

  /** The exit status of the script is ignored. */
  #run(script: string, act: Act, type: Type, fields: Fields): Promise<void> {
    const child = spawn("/bin/sh", ["-c", script], {
      env: { ...process.env, ...variablesOf(act, type, fields) },
      // With -s, stdout is the connection of the client: what the script prints would end up in it.
      stdio: ["ignore", this.#host.stdioSafe ? 1 : 2, 2],
    });
    return new Promise((resolve) => {
      child.once("error", (error) => {
        this.#host.error(`logscript: ${messageOf(error)}`);
        resolve();
      });
      child.once("exit", () => resolve());
    });
  }
}

/** nbdkit-log-filter(1), "LOG FILE FORMAT". */
function lineOf(act: Act, type: Type, fields: Fields): string {
  const words = [
    ...(act.connection === undefined ? [] : [`connection=${act.connection}`]),
    `${type === "LEAVE" ? "..." : ""}${act.name}`,
    ...(act.id === undefined ? [] : [`id=${act.id}`]),
    ...Object.entries(fields).map(([name, value]) => `${name}=${written(value)}`),
    ...(type === "ENTER" ? ["..."] : []),
  ];
  return words.join(" ");
}

function written(value: string | List): string {
  return typeof value === "string" ? quoted(value) : `(${value.words.join(" ")})`;
}

/** nbdkit-log-filter(1), "LOG SCRIPT". */
function variablesOf(act: Act, type: Type, fields: Fields): Record<string, string> {
  const variables: Record<string, string> = { act: act.name, type };
  if (act.connection !== undefined) variables.connection = String(act.connection);
  if (act.id !== undefined) variables.id = String(act.id);
  for (const [name, value] of Object.entries(fields)) {
    variables[name] = typeof value === "string" ? value : written(value);
  }
  return variables;
}

/** Quotes a word for one line of the log, so that a shell reads the same text back. */
export function quoted(word: string): string {
  return printableWord(word, doubleQuote);
}

/** The error code that the client receives: NBD has few codes, and any other error becomes EINVAL. */
function loggedCode(code: string): string {
  const same = ["EPERM", "EIO", "ENOMEM", "ENOSPC", "ESHUTDOWN", "ENOTSUP", "EOVERFLOW"];
  const others: Readonly<Record<string, string>> = {
    EROFS: "EPERM",
    EDQUOT: "ENOSPC",
    EFBIG: "ENOSPC",
    EOPNOTSUPP: "ENOTSUP",
  };
  return same.includes(code) ? code : (others[code] ?? "EINVAL");
}
