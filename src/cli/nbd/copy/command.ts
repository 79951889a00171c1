import type { Command } from "../command.ts";
export const copyCommand: Command = { name: "copy", summary: "copies", help: "", async run() { return 1; } };
