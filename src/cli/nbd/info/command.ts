import type { Command, CommandContext } from "../command.ts";
import { type OptionTable, type ParsedOptions, parseOptions, UsageError } from "../options.ts";
import { answerQuestion } from "./ask.ts";
import { showExports } from "./exports.ts";
import { showMap } from "./map.ts";
import { showSize } from "./size.ts";

const help = `Usage: nbd info [--json] [--content|--no-content] URI
       nbd info --list [--json] [--content] URI
       nbd info --size [--json] URI
       nbd info --map[=CONTEXT] [--totals] [--json] URI
       nbd info --can|--is|--has WHAT URI

Shows the exports of an NBD server and their properties.

    --can, --is, --has WHAT  print nothing: exit status 0 for yes, 2 for no.
                  WHAT: cache, connect, df, fast-zero, flush, fua, multi-conn,
                  read, read-only, rotational, structured-reply, tls, trim,
                  write, zero
    --content, --no-content  identify the content with file(1)
                  (default: yes, but no with --list)
    --json        machine-readable output
-L, --list        all exports of the server
    --map[=CONTEXT]  which parts are data, holes or zeroes (base:allocation),
                  or the states of another metadata context
    --size        only the size in bytes
    --totals      with --map: the total size of each state

URI: nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH`;

const table: OptionTable = {
  long: {
    can: "value",
    has: "value",
    is: "value",
    color: "flag",
    colour: "flag",
    "no-color": "flag",
    "no-colour": "flag",
    content: "flag",
    "no-content": "flag",
    json: "flag",
    list: "flag",
    map: "optional",
    size: "flag",
    totals: "flag",
  },
  short: { L: "list" },
};

/** `nbd info`, with the options, output and exit status of nbdinfo(1). */
export const infoCommand: Command = {
  name: "info",
  summary: "shows the exports of a server and their properties",
  help,
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
      return showMap(uri, { context: options.get("map")!, totals: options.has("totals"), json }, context);
    case "size":
      return showSize(uri, context);
    case "list":
    case undefined: {
      const list = chosen[0] === "list";
      const content = options.has("content") || (!list && !options.has("no-content"));
      return showExports(uri, { list, content, json }, context);
    }
    default:
      return answerQuestion(uri, options.get(chosen[0])!);
  }
}
