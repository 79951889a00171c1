import type { Command, CommandContext } from "../command.ts";
import { type OptionTable, type ParsedOptions, parseOptions, UsageError } from "../parse-options.ts";
import { answerQuestion, questionWords } from "./ask.ts";
import { showExports } from "./exports.ts";
import { defaultContext, showMap } from "./map.ts";
import { showSize } from "./size.ts";

const usage = `Usage: nbd info [--json] [--content|--no-content] URI
       nbd info --list [--json] [--content] URI
       nbd info --size [--json] URI
       nbd info --map[=CONTEXT] [--totals] [--json] URI
       nbd info --can|--is|--has WHAT URI

Shows the exports of an NBD server and their properties.

URI: nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH`;

const question = { kind: "value", value: "WHAT", defaultText: "none" } as const;
const colour = { kind: "flag", hidden: true, help: "Accepted, without effect" } as const;

const table: OptionTable = {
  can: {
    ...question,
    words: questionWords,
    help: "Print nothing: exit status 0 for yes, 2 for no",
  },
  has: { ...question, help: "The same as --can" },
  is: { ...question, help: "The same as --can" },
  color: colour,
  colour,
  "no-color": colour,
  "no-colour": colour,
  content: { kind: "flag", help: "Identify the content with file(1); this is the default without --list" },
  "no-content": { kind: "flag", help: "Do not identify the content" },
  json: { kind: "flag", help: "Machine-readable output" },
  list: { kind: "flag", short: "L", help: "All exports of the server" },
  map: {
    kind: "optional",
    value: "CONTEXT",
    defaultText: `${defaultContext} without =CONTEXT`,
    help: "Which parts are data, holes or zeroes, or the states of another metadata context",
  },
  size: { kind: "flag", help: "Only the size in bytes" },
  totals: { kind: "flag", help: "With --map: the total size of each state" },
};

/** `nbd info`, with the options, output and exit status of nbdinfo(1). */
export const infoCommand: Command = {
  name: "info",
  summary: "shows the exports of a server and their properties",
  usage,
  options: table,
  async run(argv, context) {
    const { options, operands } = parseOptions(argv, table);
    const [uri] = operands;
    if (uri === undefined) throw new UsageError("an NBD URI is missing");
    if (operands.length > 1) throw new UsageError(`expected one NBD URI, got ${operands.length}`);
    return await runMode(uri, options, context);
  },
};

const modes = ["can", "is", "has", "list", "map", "size"];

function runMode(uri: string, options: ParsedOptions["options"], context: CommandContext): Promise<number> {
  const chosen = modes.filter((mode) => options.has(mode));
  if (chosen.length > 1) throw new UsageError(`--${chosen.join(" and --")} exclude each other`);
  if (options.has("totals") && chosen[0] !== "map") throw new UsageError("--totals needs --map");
  const json = options.has("json");
  switch (chosen[0]) {
    case "map":
      return showMap(
        uri,
        { context: options.get("map") ?? "", totals: options.has("totals"), json },
        context,
      );
    case "size":
      return showSize(uri, context);
    case "list":
    case undefined: {
      const list = chosen[0] === "list";
      const content = options.has("content") || (!list && !options.has("no-content"));
      return showExports(uri, { list, content, json }, context);
    }
    default:
      return answerQuestion(uri, options.get(chosen[0]) ?? "");
  }
}
