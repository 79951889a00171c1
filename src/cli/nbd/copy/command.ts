import type { Command } from "../command.ts";
import { parseOptions, UsageError } from "../options.ts";
import { copy } from "./copy.ts";
import { copyTable, readCopyOptions } from "./options.ts";

const help = `Usage: nbd copy [OPTIONS] SOURCE DESTINATION

Copies SOURCE to DESTINATION. Each is an NBD URI, a file, a block device or
- (standard input, standard output). DESTINATION may also be null: to discard
the data. Holes stay holes when both sides support them.

    --allocated            no holes in the destination
-C, --connections=N        at most N connections, if the server supports
                           multi-conn (4)
    --destination-is-zero  the destination reads as zeroes already
    --flush                at the end, wait until all data is on permanent
                           storage; without this option, data may still be in
                           the memory of the server or the system
    --no-extents           do not query holes, read everything
-p, --progress[=FD]        a progress bar (on a terminal there is always one),
                           or lines such as 42/100 on descriptor FD
    --queue-size=N         bytes in flight on each connection (16M)
    --request-size=N       bytes in each request (256k)
-R, --requests=N           requests in flight on each connection (64)
-S, --sparse=N             zeroes of N bytes become holes; 0 for never (4k or
                           the destination's preferred block)
    --synchronous          one request after the other
-T, --threads=N, -v, --verbose
                           accepted, without effect

NBD URI: nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH`;

/** `nbd copy`, with the options of nbdcopy(1). */
export const copyCommand: Command = {
  name: "copy",
  summary: "copies disks from and to NBD servers, files and pipes",
  help,
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
