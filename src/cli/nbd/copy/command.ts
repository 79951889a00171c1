import type { Command } from "../command.ts";
import { parseOptions, UsageError } from "../options.ts";
import { copy } from "./copy.ts";
import { copyTable, readCopyOptions } from "./options.ts";

const help = `Usage: nbd copy [OPTIONS] SOURCE DESTINATION

Copies everything from SOURCE to DESTINATION. Both are an NBD URI, a file, a
block device or - (standard input, standard output); DESTINATION may also be
null: to throw everything away. Holes stay holes where both sides know them.

    --allocated            no holes in the destination
-C, --connections=N        at most N connections, if the server says that it
                           can take several (4)
    --destination-is-zero  the destination reads as zeroes already
    --flush                at the end, wait until all is on permanent storage;
                           without it a server or system may still hold it in
                           memory
    --no-extents           do not ask for holes, read everything
-p, --progress[=FD]        a progress bar (on a terminal there is always one),
                           or lines such as 42/100 on descriptor FD
    --queue-size=N         bytes under way on each connection (16M)
    --request-size=N       bytes in each request (256k)
-R, --requests=N           requests under way on each connection (64)
-S, --sparse=N             zeroes of N bytes become holes; 0 for never (4k or
                           the destination's preferred block)
    --synchronous          one request after the other
-T, --threads=N, -v, --verbose
                           accepted, without effect

NBD URI: nbd://HOST[:PORT]/EXPORT or nbd+unix:///EXPORT?socket=PATH`;

/** `nbd copy`: options as those of nbdcopy(1). */
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
