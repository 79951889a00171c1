import { ownVersion } from "../../core/version.ts";
import { commands } from "../nbd/commands.ts";
import { heading, item, paragraphs, verbatim } from "./roff.ts";

/** nbd(1) as roff, from what each command says about itself. */
export function nbdPage(): string {
  const parts = [
    `.TH NBD 1 "" "${ownVersion}" "User Commands"`,
    heading("NAME"),
    "nbd \\- network block device (NBD) client",
    heading("SYNOPSIS"),
    verbatim("nbd COMMAND [OPTIONS] ...\nnbd [COMMAND] --help\nnbd --version"),
    heading("COMMANDS"),
    ...commands.map(({ name, summary }) => item(name, summary)),
    ...commands.flatMap(({ name, help }) => [heading(`"NBD ${name.toUpperCase()}"`), verbatim(help)]),
    heading("EXIT STATUS"),
    paragraphs("0 for success, 1 for any failure, 2 for the answer no (nbd info --can)."),
    heading("SEE ALSO"),
    paragraphs("nbdkit(1), nbdinfo(1), nbdcopy(1)"),
  ];
  return `${parts.join("\n")}\n`;
}
