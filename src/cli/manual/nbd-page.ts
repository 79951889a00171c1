import { ownVersion } from "../../core/version.ts";
import { commands } from "../nbd/commands.ts";
import { helpOf } from "../nbd/help.ts";
import { heading, item, paragraphs, verbatim } from "./roff.ts";

/** Returns nbd(1) as roff, generated from the summary and the help text of each command. */
export function nbdPage(): string {
  const parts = [
    `.TH NBD 1 "" "${ownVersion}" "User Commands"`,
    heading("NAME"),
    "nbd \\- network block device (NBD) client",
    heading("SYNOPSIS"),
    verbatim("nbd COMMAND [OPTIONS] ...\nnbd [COMMAND] --help\nnbd --version"),
    heading("COMMANDS"),
    ...commands.map(({ name, summary }) => item(name, summary)),
    ...commands.flatMap((command) => [
      heading(`"NBD ${command.name.toUpperCase()}"`),
      verbatim(helpOf(command)),
    ]),
    heading("EXIT STATUS"),
    paragraphs("0 for success, 1 for a failure, 2 for the answer no (nbd info --can)."),
    heading("SIGNALS"),
    ...signals.map(([name, what]) => item(name, what)),
    heading("SEE ALSO"),
    paragraphs("nbdkit(1), nbdinfo(1), nbdcopy(1)"),
  ];
  return `${parts.join("\n")}\n`;
}

const signals: readonly (readonly [name: string, what: string])[] = [
  [
    "SIGINT, SIGTERM, SIGHUP",
    `The signal ends the process at once. nbd copy first prints one line on stderr: how many bytes are
copied, and what the rest of the destination contains.`,
  ],
  ["SIGPIPE", "The process ends silently when the reader of its standard output has closed the pipe."],
];
