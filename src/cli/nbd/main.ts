import { messageOf } from "../../core/errors.ts";
import { logText } from "../../core/log-text.ts";
import { packageVersion } from "../../core/version.ts";
import type { Command, CommandContext } from "./command.ts";
import { commands } from "./commands.ts";
import { reportWhenInterrupted } from "./interrupt.ts";
import { UsageError } from "./parse-options.ts";
import { printLines, watchStandardOutput } from "./standard-output.ts";

/**
 * Runs the `nbd` command.
 * @param argv the arguments without the interpreter and the script
 * @returns the exit status: 0 for success, 1 for a failure, 2 for "no" (`nbd info --can`)
 */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  watchStandardOutput();
  if (name === undefined) return complain("nbd", "a command is missing (try nbd --help)");
  if (name === "--help" || name === "-h" || name === "help") return await print(overview());
  if (name === "--version" || name === "-V") return await print(`nbd (nbdkit-node) ${packageVersion}`);
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    const known = commands.map((candidate) => candidate.name).join(", ");
    return complain(
      "nbd",
      `unknown ${name.startsWith("-") ? "option" : "command"} ${name}: use one of ${known}`,
    );
  }
  return await runCommand(command, rest);
}

async function runCommand(command: Command, argv: readonly string[]): Promise<number> {
  const words = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length);
  if (words.includes("--help")) {
    const { helpOf } = await import("./help.ts");
    return await print(helpOf(command));
  }
  try {
    return await command.run(argv, context(`nbd ${command.name}`));
  } catch (error) {
    const hint = error instanceof UsageError ? ` (try nbd ${command.name} --help)` : "";
    return complain(`nbd ${command.name}`, `${messageOf(error)}${hint}`);
  }
}

function context(name: string): CommandContext {
  return {
    print: printLines,
    reportWhenInterrupted: (report) => {
      reportWhenInterrupted((signal) => {
        const message = report(signal);
        // write() is synchronous here. Exception: the line is lost when stderr is a pipe that is full.
        if (message !== undefined) complain(name, message);
      });
    },
  };
}

async function print(text: string): Promise<number> {
  await printLines(text);
  return 0;
}

function complain(name: string, message: string): number {
  process.stderr.write(`${logText(`${name}: ${message}`)}\n`);
  return 1;
}

function overview(): string {
  const lines = commands.map(({ name, summary }) => `    nbd ${name.padEnd(6)} ${summary}`);
  return [
    "Usage: nbd COMMAND [OPTIONS] ...",
    "",
    ...lines,
    "",
    "nbd COMMAND --help describes a command.",
  ].join("\n");
}
