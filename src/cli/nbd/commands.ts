import type { Command } from "./command.ts";
import { copyCommand } from "./copy/command.ts";
import { infoCommand } from "./info/command.ts";

/** What `nbd` can do; --help, the manual page and the completion follow from it. */
export const commands: readonly Command[] = [infoCommand, copyCommand];
