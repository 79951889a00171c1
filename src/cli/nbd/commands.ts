import type { Command } from "./command.ts";
import { copyCommand } from "./copy/command.ts";
import { infoCommand } from "./info/command.ts";

/** The subcommands of `nbd`. --help, the manual page and the completion are generated from this list. */
export const commands: readonly Command[] = [infoCommand, copyCommand];
