import { messageOf, stackOf } from "../core/errors.ts";
import { debugText, logText } from "../core/log-text.ts";
import type { Launch } from "../server/launch.ts";
import { writeStderr } from "../server/stderr.ts";
import { writeStdout } from "../server/stdout.ts";
import { parseArguments } from "./arguments.ts";
import type { Invocation } from "./invocation.ts";
import { programName } from "./program-name.ts";
import { checkReadable } from "./readable-arguments.ts";

/**
 * Runs the `nbdkit` command. Modules are loaded only when needed: programs often call --version,
 * --dump-plugin and the like, and wait for the result.
 * @returns the exit status
 */
export async function main(args: readonly string[], launch: Launch): Promise<number> {
  let name: string | undefined;
  let verbose = false;
  try {
    checkReadable(args);
    const invocation = parseArguments(args);
    ({ name, verbose } = invocation);
    return await perform(invocation, args, launch);
  } catch (error) {
    await pendingSignals();
    const program = programName(name);
    writeStderr(`${logText(`${program}: error: ${messageOf(error)}`)}\n`);
    const stack = verbose ? stackOf(error) : undefined;
    if (stack !== undefined) writeStderr(`${debugText(`${program}: debug: ${stack}`)}\n`);
    return 1;
  }
}

/**
 * Lets a signal that arrived during a blocking call, such as the question for a password, end this process.
 * JavaScript handles signals in the poll phase of an event-loop iteration. The poll phase of the current
 * iteration may be over, so this function waits for two iterations.
 */
function pendingSignals(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

async function perform(invocation: Invocation, args: readonly string[], launch: Launch): Promise<number> {
  if (invocation.action === "serve") {
    const { serve } = await import("./serve-command.ts");
    return serve(invocation, args, launch);
  }
  const { answer } = await import("./answer.ts");
  writeStdout(await answer(invocation, launch));
  return 0;
}
