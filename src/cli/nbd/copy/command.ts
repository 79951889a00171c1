import type { Command } from "../command.ts";
import { parseOptions, UsageError } from "../parse-options.ts";
import { copy } from "./copy.ts";
import { copyTable, readCopyOptions } from "./copy-options.ts";

const usage = `Usage: nbd copy [OPTIONS] SOURCE DESTINATION

Copies SOURCE to DESTINATION. Each is an NBD URI, a file, a block device or
- (standard input, standard output). DESTINATION may also be null: to discard
the data. Holes stay holes when both sides support them.

NBD URI: nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH`;

/** `nbd copy`, with the options of nbdcopy(1). */
export const copyCommand: Command = {
  name: "copy",
  summary: "copies disks from and to NBD servers, files and pipes",
  usage,
  options: copyTable,
  async run(argv, { reportWhenInterrupted }) {
    const { options, operands } = parseOptions(argv, copyTable);
    const [source, destination] = operands;
    if (source === undefined || destination === undefined)
      throw new UsageError("SOURCE and DESTINATION are needed");
    if (operands.length > 2) throw new UsageError(`too many operands: ${operands.slice(2).join(" ")}`);
    await copy(
      source,
      destination,
      readCopyOptions(options, process.stderr.isTTY === true),
      reportWhenInterrupted,
    );
    return 0;
  },
};
